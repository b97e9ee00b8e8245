/** A GGUF file taken apart without the reader under test, so that it can be put together wrongly. */
import { GgufBytes } from './gguf.ts'

/** A place in a piece that holds a number which something depends on. */
export interface Field {
  offset: number
  bytes: 1 | 2 | 4 | 8
}
/** A metadata entry or a tensor description, as it stands in the file. */
export interface Piece {
  bytes: Buffer
  /** Lengths, types, dimensions, offsets and values. */
  fields: Field[]
}
export interface GgufPieces {
  entries: Piece[]
  tensors: Piece[]
  alignment: number
  data: Buffer
}

/** Bytes of a value by the number of its type; texts and arrays have no fixed size. */
const VALUE_BYTES: Record<number, 1 | 2 | 4 | 8> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
}
const TEXT = 8
const ARRAY = 9
/** Of an array, so many elements are worth a mutation. */
const ELEMENT_FIELDS = 8
export const PREAMBLE_BYTES = 24

/** Takes a sound file apart. */
export function takeApart(file: Buffer, alignment = 32): GgufPieces {
  let at = PREAMBLE_BYTES
  let start = at
  let fields: Field[] = []
  const number = (bytes: Field['bytes'], isField = true) => {
    if (isField) fields.push({ offset: at - start, bytes })
    at += bytes
    return bytes === 8 ? Number(file.readBigUInt64LE(at - 8)) : file.readUIntLE(at - bytes, bytes)
  }
  const text = (isField = true) => {
    const length = number(8, isField)
    at += length
  }
  const value = (type: number, isField = true) => {
    const fixed = VALUE_BYTES[type]
    if (type === TEXT) text(isField)
    else if (fixed !== undefined) number(fixed, isField)
    else if (type === ARRAY) {
      const elementType = number(4)
      const length = number(8)
      for (let i = 0; i < length; i++) value(elementType, i < ELEMENT_FIELDS)
    } else throw new Error(`not a value type: ${type}`)
  }
  const piece = (read: () => void): Piece => {
    start = at
    fields = []
    read()
    return { bytes: file.subarray(start, at), fields }
  }
  const entries = Array.from({ length: Number(file.readBigUInt64LE(16)) }, () =>
    piece(() => {
      text()
      value(number(4))
    }),
  )
  const tensors = Array.from({ length: Number(file.readBigUInt64LE(8)) }, () =>
    piece(() => {
      text()
      const dimensions = number(4)
      for (let i = 0; i < dimensions; i++) number(8)
      number(4)
      number(8)
    }),
  )
  return { entries, tensors, alignment, data: file.subarray(Math.ceil(at / alignment) * alignment) }
}

/** Puts pieces together, with the counts and the padding that they ask for. */
export function putTogether({ entries, tensors, alignment, data }: GgufPieces): Buffer {
  const out = new GgufBytes().raw(Buffer.from('GGUF')).u32(3).u64(tensors.length).u64(entries.length)
  for (const { bytes } of [...entries, ...tensors]) out.raw(bytes)
  return out.pad(alignment).raw(data).bytes()
}

/** The key of a metadata entry or the name of a tensor. */
export const nameOf = ({ bytes }: Piece): string =>
  bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0)))
