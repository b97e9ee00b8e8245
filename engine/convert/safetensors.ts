/**
 * The safetensors format: eight bytes with the length of a header (little-endian), the header as a JSON object,
 * and after it the data. The header gives every tensor a type, a shape and where its data lies, counted from the
 * end of the header. The data has neither holes nor overlaps, so that no byte of a file goes unexplained
 * (huggingface/safetensors, README.md, "Format").
 */
import { z } from 'zod'
import { quoted, refused } from './refuse.ts'

export const SAFETENSORS_LIMITS = {
  /** 131,072 tensors with long names; models that can be imported stay below a megabyte. */
  headerBytes: 32 * 1024 * 1024,
  tensors: 131_072,
  nameLength: 512,
  dimensions: 8,
} as const

/** Bytes in front of the header. */
export const LENGTH_BYTES = 8

export interface SafetensorsTensor {
  name: string
  /** As the file names it, such as `BF16`. */
  dtype: string
  /** Slowest dimension first. */
  shape: number[]
  /** From the start of the file. */
  offset: number
  bytes: number
}

/** Bits a value takes (huggingface/safetensors, enum Dtype). */
const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
])

const size = z.number().int().nonnegative()
const Entry = z.object({
  dtype: z.string(),
  shape: z.array(size).max(SAFETENSORS_LIMITS.dimensions),
  data_offsets: z.tuple([size, size]),
})
const Header = z.record(z.string(), z.unknown())

/** How long the header is. Throws EngineError `convert_failed` when the file cannot hold it or it is beyond the limit. */
export function headerBytes(prefix: Buffer, file: { name: string; bytes: number }): number {
  if (prefix.length < LENGTH_BYTES) throw broken(file.name, `it has only ${prefix.length} bytes`)
  const length = prefix.readBigUInt64LE(0)
  if (length > SAFETENSORS_LIMITS.headerBytes) {
    throw broken(file.name, `its header claims ${length} bytes; ${SAFETENSORS_LIMITS.headerBytes} are read`)
  }
  if (LENGTH_BYTES + Number(length) > file.bytes) {
    throw broken(file.name, `its header claims ${length} bytes, the file has ${file.bytes}`)
  }
  return Number(length)
}

/** The tensors of a file in the order of their data. Throws EngineError `convert_failed` for a header that is wrong. */
export function parseHeader(header: Buffer, file: { name: string; bytes: number }): SafetensorsTensor[] {
  const entries = Object.entries(jsonObject(header, file.name)).filter(([name]) => name !== '__metadata__')
  if (entries.length > SAFETENSORS_LIMITS.tensors) {
    throw broken(file.name, `it has ${entries.length} tensors; ${SAFETENSORS_LIMITS.tensors} are read`)
  }
  const start = LENGTH_BYTES + header.length
  const tensors = entries.map(([name, entry]) => tensorOf(name, entry, start, file.name))
  tensors.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)
  let end = start
  for (const tensor of tensors) {
    if (tensor.offset !== end) {
      const which = tensor.offset < end ? 'overlaps the one before' : 'leaves a hole in front'
      throw broken(file.name, `the data of tensor ${quoted(tensor.name)} ${which}`)
    }
    end += tensor.bytes
  }
  if (end !== file.bytes) {
    throw broken(file.name, `its tensors end at byte ${end}, the file has ${file.bytes}`)
  }
  return tensors
}

const broken = (name: string, what: string, cause?: unknown) =>
  refused(`${quoted(name)} is not a valid safetensors file: ${what}`, cause)

function jsonObject(header: Buffer, name: string): Record<string, unknown> {
  if (header[0] !== '{'.charCodeAt(0)) throw broken(name, 'its header is not a JSON object')
  try {
    return Header.parse(JSON.parse(header.toString('utf8')))
  } catch (cause) {
    throw broken(name, 'its header is not a JSON object', cause)
  }
}

function tensorOf(name: string, value: unknown, start: number, file: string): SafetensorsTensor {
  if (name.length > SAFETENSORS_LIMITS.nameLength)
    throw broken(file, `the tensor name ${quoted(name)} is too long`)
  const entry = Entry.safeParse(value)
  if (!entry.success)
    throw broken(file, `tensor ${quoted(name)} is not described as the format asks`, entry.error)
  const {
    dtype,
    shape,
    data_offsets: [from, to],
  } = entry.data
  const bits = DTYPE_BITS.get(dtype)
  if (bits === undefined) throw broken(file, `tensor ${quoted(name)} has the unknown type ${quoted(dtype)}`)
  const bytes = to - from
  const claimed = (shape.reduce((product, n) => product * n, 1) * bits) / 8
  // A product beyond the whole numbers a double holds equals no difference of offsets.
  if (claimed !== bytes) {
    throw broken(
      file,
      `tensor ${quoted(name)} of type ${dtype} and shape [${shape}] cannot have ${bytes} bytes`,
    )
  }
  return { name, dtype, shape, offset: start + from, bytes }
}
