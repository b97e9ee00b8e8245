import { type FileHandle, open, rm } from 'node:fs/promises'
import { Encoder, type ValueToWrite } from './encode.ts'
import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import { DEFAULT_ALIGNMENT, padded } from './parse.ts'
import { tensorTypeNamed } from './tensor-type.ts'
import { VALUE_TYPES } from './types.ts'

const VERSION = 3
/** llama.cpp reads no longer ones (GGML_MAX_NAME in ggml/include/ggml.h, less a NUL). */
const NAME_BYTES = 63

export interface TensorToWrite {
  name: string
  /** The block type's name, such as `Q8_0`. */
  type: string
  /** Fastest dimension first. */
  shape: readonly number[]
  /** What `data` yields in all, without padding. */
  bytes: number
  /** Called once, when the tensor's turn comes; left early when writing stops. */
  data: () => AsyncIterable<Uint8Array>
}

export interface GgufToWrite {
  /** Key and value, in file order. */
  metadata: readonly (readonly [key: string, value: ValueToWrite])[]
  /** In file order, which is also the order of their data. */
  tensors: readonly TensorToWrite[]
}

/**
 * Writes a GGUF file of version 3, all of it to disk (fsync) when the promise resolves, with its size in bytes.
 * A path must not exist yet, and is removed again when writing fails; a handle is written from byte 0 and stays
 * open. No more than one piece of data is held at a time. Throws GgufError for contents no file can have (before
 * anything is written, except for data of another length than was announced), the signal's reason, and what the
 * data sources and the file system say.
 */
export async function writeGguf(
  to: string | FileHandle,
  file: GgufToWrite,
  signal?: AbortSignal,
): Promise<{ bytes: number }> {
  const header = encodeHeader(file)
  if (typeof to !== 'string') return await writeAll(to, header, file, signal)
  signal?.throwIfAborted()
  const handle = await open(to, 'wx', 0o644)
  try {
    return await writeAll(handle, header, file, signal)
  } catch (error) {
    await rm(to, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

/** All before the tensor data, padded to where that starts. */
export function encodeHeader({ metadata, tensors }: GgufToWrite): Buffer {
  const alignment = alignmentOf(metadata)
  const keys = metadata.map(([key]) => key)
  const names = tensors.map(({ name }) => name)
  refuseRepeated(keys, 'metadata key')
  refuseRepeated(names, 'tensor')
  const out = new Encoder()
  out.raw(Buffer.from('GGUF'))
  out.number('uint32', VERSION, 'the version')
  out.number('uint64', tensors.length, 'the number of tensors')
  out.number('uint64', metadata.length, 'the number of metadata entries')
  for (const [key, value] of metadata) out.entry(key, value)
  let offset = 0
  for (const tensor of tensors) {
    encodeTensor(out, tensor, offset)
    offset += padded(tensor.bytes, alignment)
  }
  out.pad(alignment)
  return out.bytes()
}

function encodeTensor(out: Encoder, tensor: TensorToWrite, offset: number): void {
  const what = `tensor ${JSON.stringify(tensor.name)}`
  const nameBytes = Buffer.byteLength(tensor.name)
  if (nameBytes === 0 || nameBytes > NAME_BYTES) {
    throw new GgufError(`${what} has a name of ${nameBytes} bytes, not 1 to ${NAME_BYTES}`)
  }
  const type = tensorTypeNamed(tensor.type)
  if (type === undefined) throw new GgufError(`${what} has the unknown type ${tensor.type}`)
  const { shape } = tensor
  if (shape.length > LIMITS.tensorDimensions || !shape.every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new GgufError(`${what} cannot have the shape [${shape}]`)
  }
  const elements = shape.reduce((product, n) => product * n, 1)
  const expected = (elements / type.blockValues) * type.blockBytes
  if ((shape[0] ?? 1) % type.blockValues !== 0 || tensor.bytes !== expected) {
    throw new GgufError(`${what} of type ${type.name} and shape [${shape}] cannot have ${tensor.bytes} bytes`)
  }
  out.text(tensor.name)
  out.number('uint32', shape.length, what)
  for (const n of shape) out.number('uint64', n, what)
  out.number('uint32', type.id, what)
  out.number('uint64', offset, what)
}

function alignmentOf(metadata: GgufToWrite['metadata']): number {
  const value = metadata.find(([key]) => key === 'general.alignment')?.[1]
  if (value === undefined) return DEFAULT_ALIGNMENT
  const alignment = uint32Of(value)
  if (!(alignment >= 1 && alignment <= LIMITS.alignment && Number.isInteger(Math.log2(alignment)))) {
    throw new GgufError(
      `general.alignment must be given as a uint32 that is a power of two up to ${LIMITS.alignment}`,
    )
  }
  return alignment
}

/** 0 for everything that is no uint32. */
function uint32Of({ type, value }: ValueToWrite): number {
  if (type === 'uint32') return Number(value)
  if (type !== 'encoded' || value.length !== 8) return 0
  const bytes = Buffer.from(value)
  return bytes.readUInt32LE(0) === VALUE_TYPES.indexOf('uint32') ? bytes.readUInt32LE(4) : 0
}

function refuseRepeated(names: readonly string[], what: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new GgufError(`${what} ${JSON.stringify(name)} would come twice`)
    seen.add(name)
  }
}

async function writeAll(
  handle: FileHandle,
  header: Buffer,
  { metadata, tensors }: GgufToWrite,
  signal: AbortSignal | undefined,
): Promise<{ bytes: number }> {
  const alignment = alignmentOf(metadata)
  let position = 0
  const put = async (piece: Uint8Array) => {
    signal?.throwIfAborted()
    let written = 0
    while (written < piece.length) {
      const { bytesWritten } = await handle.write(piece, written, piece.length - written, position)
      written += bytesWritten
      position += bytesWritten
    }
  }
  await put(header)
  for (const tensor of tensors) {
    const end = position + tensor.bytes
    for await (const piece of tensor.data()) {
      if (position + piece.length > end) throw otherLength(tensor, 'more')
      await put(piece)
    }
    if (position < end) throw otherLength(tensor, 'less')
    await put(Buffer.alloc(padded(position, alignment) - position))
  }
  signal?.throwIfAborted()
  await handle.sync()
  return { bytes: position }
}

const otherLength = ({ name, bytes }: TensorToWrite, which: string) =>
  new GgufError(`tensor ${JSON.stringify(name)} has ${which} data than its ${bytes} bytes`)
