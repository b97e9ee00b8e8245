import { openToRead } from './byte-ranges.ts'
import type { ValueToWrite } from './encode.ts'
import { GgufError } from './error.ts'
import { show } from './parse.ts'
import { readSplitHeader, type SplitFile } from './split.ts'
import type { GgufTensor } from './types.ts'
import { type TensorToWrite, writeGguf } from './write.ts'

/** Of tensor data, read and written at a time. */
const PIECE_BYTES = 1024 * 1024

export interface MergeOptions {
  signal?: AbortSignal
  /** Bytes of tensor data written so far, of all. */
  onProgress?: (writtenBytes: number, allBytes: number) => void
}

/**
 * Joins the files of a split model into one file that says the same without `split.*`. The new file must not exist
 * yet; it is on disk when the promise resolves with its size, and removed again when something goes wrong. Throws as
 * readSplitHeader and writeGguf do.
 */
export async function mergeSplitGguf(
  paths: readonly string[],
  to: string,
  { signal, onProgress = () => {} }: MergeOptions = {},
): Promise<{ bytes: number }> {
  const { files, metadata, tensors } = await readSplitHeader(paths, signal)
  const allBytes = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  let writtenBytes = 0
  const onPiece = (bytes: number) => {
    writtenBytes += bytes
    onProgress(writtenBytes, allBytes)
  }
  return await writeGguf(
    to,
    {
      metadata: Array.from(metadata.keys(), (key) => [key, encodedValue(files, key)] as const),
      tensors: files.flatMap((file) => file.header.tensors.map((tensor) => copyOf(tensor, file, onPiece))),
    },
    signal,
  )
}

/** Exactly as it stands in the first file: not every value survives being decoded. */
function encodedValue([first]: readonly SplitFile[], key: string): ValueToWrite {
  const value = first?.header.encoded(key)
  if (value === undefined) throw new GgufError(`metadata key ${show(key)} is not there`)
  return { type: 'encoded', value }
}

const copyOf = (tensor: GgufTensor, file: SplitFile, onPiece: (bytes: number) => void): TensorToWrite => ({
  ...tensor,
  async *data() {
    const start = file.header.dataOffset + tensor.offset
    for await (const piece of bytesOf(file.path, start, start + tensor.bytes)) {
      yield piece
      onPiece(piece.length)
    }
  },
})

/** The bytes of a file from `start` up to but without `end`; less when the file has become shorter. */
async function* bytesOf(path: string, start: number, end: number): AsyncGenerator<Buffer> {
  const file = await openToRead(path)
  try {
    yield* file.createReadStream({ start, end: end - 1, highWaterMark: PIECE_BYTES, autoClose: false })
  } finally {
    await file.close()
  }
}
