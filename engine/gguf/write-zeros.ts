import { open } from 'node:fs/promises'
import { DEFAULT_ALIGNMENT, padded } from './parse.ts'
import { tensorTypeNamed } from './tensor-type.ts'
import { encodeHeader, type GgufToWrite, type TensorToWrite } from './write.ts'

/**
 * Writes a GGUF file whose weights are all 0 and take no room on the disk, where the file system knows holes. A file
 * that is there already is written over. Throws GgufError for contents no file can have, and what the file system says.
 */
export async function writeZeros(
  path: string,
  file: Pick<GgufToWrite, 'metadata'> & {
    tensors: readonly Pick<TensorToWrite, 'name' | 'type' | 'shape'>[]
  },
): Promise<void> {
  const tensors = file.tensors.map((tensor) => ({ ...tensor, bytes: bytesOf(tensor), data: nothing }))
  const header = encodeHeader({ ...file, tensors })
  const data = tensors.reduce((sum, { bytes }) => sum + padded(bytes, DEFAULT_ALIGNMENT), 0)
  const handle = await open(path, 'w')
  try {
    await handle.writeFile(header)
    await handle.truncate(header.length + data)
  } finally {
    await handle.close()
  }
}

const bytesOf = ({ type, shape }: Pick<TensorToWrite, 'type' | 'shape'>): number => {
  const { blockValues = 1, blockBytes = 0 } = tensorTypeNamed(type) ?? {}
  return (shape.reduce((product, length) => product * length, 1) / blockValues) * blockBytes
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
