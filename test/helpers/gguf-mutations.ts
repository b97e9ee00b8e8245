/** Seeded damage to GGUF files: anywhere, and where it hurts. */
import {
  type Field,
  type GgufPieces,
  type Piece,
  PREAMBLE_BYTES,
  putTogether,
  takeApart,
} from './gguf-pieces.ts'
import { generator } from './random-weights.ts'

/** What a file is damaged at. */
export interface Seed {
  name: string
  bytes: Buffer
  pieces: GgufPieces
}
export const seedOf = (name: string, bytes: Buffer): Seed => ({ name, bytes, pieces: takeApart(bytes) })

/** A whole number below `below`. */
export type Dice = (below: number) => number
export function diceOf(seed: number): Dice {
  const random = generator(seed)
  return (below) => Math.floor(random() * below)
}

export interface Mutant {
  bytes: Buffer
  /** The kind of damage, for the report. */
  how: string
}

const BOUNDARIES: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  4n,
  5n,
  7n,
  8n,
  13n,
  31n,
  33n,
  63n,
  64n,
  255n,
  256n,
  511n,
  512n,
  513n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  2n ** 48n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 32n,
  2n ** 64n - 1n,
]

/** Damage to the bytes of a file, wherever it falls. */
const ROUGH: Record<string, (file: Buffer, seed: Seed, dice: Dice) => Buffer> = {
  'bits flipped': (file, seed, dice) => {
    for (let hits = 1 + dice(8); hits > 0; hits--) {
      const at = dice(headerBytes(seed))
      file[at] = (file[at] ?? 0) ^ (1 << dice(8))
    }
    return file
  },
  'bytes set': (file, seed, dice) => {
    for (let hits = 1 + dice(8); hits > 0; hits--) {
      file[dice(headerBytes(seed))] = [0, 1, 0x7f, 0x80, 0xff, dice(256)][dice(6)] ?? 0
    }
    return file
  },
  'counts changed': (file, _, dice) => {
    const field = (
      [
        { offset: 4, bytes: 4 },
        { offset: 8, bytes: 8 },
        { offset: 16, bytes: 8 },
      ] as const
    )[dice(3)]
    if (field !== undefined) setField(file, field, dice)
    return file
  },
  'cut short': (file, seed, dice) => file.subarray(0, dice(dice(2) === 0 ? headerBytes(seed) : file.length)),
  spliced: (file, seed, dice) => {
    const header = headerBytes(seed)
    const from = dice(header)
    const length = 1 + dice(Math.min(64, header - from))
    file.copy(file, dice(header), from, from + length)
    return file
  },
  'bytes put in': (file, seed, dice) => {
    const at = dice(headerBytes(seed))
    const from = dice(file.length)
    const more = file.subarray(from, from + 1 + dice(40))
    return Buffer.concat([file.subarray(0, at), more, file.subarray(at)])
  },
  'bytes taken out': (file, seed, dice) => {
    const at = dice(headerBytes(seed))
    return Buffer.concat([file.subarray(0, at), file.subarray(at + 1 + dice(40))])
  },
}

/** Damage to one entry or description, in a file that is otherwise put together soundly. */
const FINE: Record<string, (pieces: GgufPieces, dice: Dice) => void> = {
  'a number of an entry': ({ entries }, dice) => changeField(entries, dice),
  'a number of a tensor': ({ tensors }, dice) => changeField(tensors, dice),
  'an entry again': ({ entries }, dice) => repeat(entries, dice),
  'a tensor again': ({ tensors }, dice) => repeat(tensors, dice),
  'an entry gone': ({ entries }, dice) => void entries.splice(dice(entries.length), 1),
  'a tensor gone': ({ tensors }, dice) => void tensors.splice(dice(tensors.length), 1),
  'entries swapped': ({ entries }, dice) => swap(entries, dice),
  'tensors swapped': ({ tensors }, dice) => swap(tensors, dice),
  'a value under another key': ({ entries }, dice) => {
    const at = dice(entries.length)
    const [into, from] = [entries[at], entries[dice(entries.length)]]
    if (into !== undefined && from !== undefined) {
      entries[at] = { bytes: Buffer.concat([keyOf(into), encodedOf(from)]), fields: [] }
    }
  },
  'a random value': ({ entries }, dice) => {
    const at = dice(entries.length)
    const entry = entries[at]
    if (entry !== undefined) {
      entries[at] = { bytes: Buffer.concat([keyOf(entry), randomValue(dice)]), fields: [] }
    }
  },
  'a shorter array': ({ entries }, dice) => {
    const arrays = entries.flatMap((entry, at) => (isArray(encodedOf(entry)) ? [at] : []))
    const at = arrays[dice(arrays.length)]
    const entry = at === undefined ? undefined : entries[at]
    if (at === undefined || entry === undefined) return
    const value = Buffer.from(encodedOf(entry))
    const bytesOf = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8][value.readUInt32LE(4)] ?? 0
    const length = dice(Number(value.readBigUInt64LE(8)) + 1)
    value.writeBigUInt64LE(BigInt(length), 8)
    const end = bytesOf === 0 ? value.length : 16 + bytesOf * length
    entries[at] = { bytes: Buffer.concat([keyOf(entry), value.subarray(0, end)]), fields: [] }
  },
  'data cut short': (pieces, dice) => {
    pieces.data = pieces.data.subarray(0, dice(pieces.data.length))
  },
}

/** A damaged copy of one of the seeds. The same dice give the same. */
export function mutantOf(seeds: readonly Seed[], dice: Dice): Mutant {
  const seed = oneOf(seeds, dice)
  if (dice(2) === 0) return fineMutantOf(seed, dice)
  const [how, damage] = oneOf(Object.entries(ROUGH), dice)
  return { bytes: damage(Buffer.from(seed.bytes), seed, dice), how }
}

/** The same with damage that has a chance to pass a reader that counts and measures. */
export function fineMutantOf(seed: Seed, dice: Dice): Mutant {
  const pieces: GgufPieces = {
    ...seed.pieces,
    entries: seed.pieces.entries.map(copyOf),
    tensors: seed.pieces.tensors.map(copyOf),
  }
  const hows: string[] = []
  for (let hits = 1 + dice(dice(3) + 1); hits > 0; hits--) {
    const [how, damage] = oneOf(Object.entries(FINE), dice)
    damage(pieces, dice)
    hows.push(how)
  }
  return { bytes: putTogether(pieces), how: hows[0] ?? '' }
}

export function oneOf<T>(items: readonly T[], dice: Dice): T {
  const item = items[dice(items.length)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

const headerBytes = ({ bytes, pieces }: Seed) =>
  Math.max(PREAMBLE_BYTES, Math.min(bytes.length, bytes.length - pieces.data.length))

const copyOf = ({ bytes, fields }: Piece): Piece => ({ bytes: Buffer.from(bytes), fields })

function changeField(pieces: readonly Piece[], dice: Dice): void {
  const { bytes, fields } = pieces.length > 0 ? oneOf(pieces, dice) : { bytes: Buffer.alloc(0), fields: [] }
  if (fields.length > 0) setField(bytes, oneOf(fields, dice), dice)
}

function setField(bytes: Buffer, { offset, bytes: size }: Field, dice: Dice): void {
  const old = size === 8 ? bytes.readBigUInt64LE(offset) : BigInt(bytes.readUIntLE(offset, size))
  const near = [old + 1n, old - 1n, old * 2n, old / 2n, -old, old + 32n, old - 32n]
  const wish = dice(3) === 0 ? oneOf(near, dice) : oneOf(BOUNDARIES, dice)
  const value = BigInt.asUintN(8 * size, wish)
  if (size === 8) bytes.writeBigUInt64LE(value, offset)
  else bytes.writeUIntLE(Number(value), offset, size)
}

function repeat(pieces: Piece[], dice: Dice): void {
  if (pieces.length > 0) pieces.splice(dice(pieces.length + 1), 0, oneOf(pieces, dice))
}

function swap(pieces: Piece[], dice: Dice): void {
  const [a, b] = [dice(pieces.length), dice(pieces.length)]
  const [atA, atB] = [pieces[a], pieces[b]]
  if (atA !== undefined && atB !== undefined) {
    pieces[a] = atB
    pieces[b] = atA
  }
}

const keyOf = ({ bytes }: Piece) => bytes.subarray(0, 8 + Number(bytes.readBigUInt64LE(0)))
/** Damage done before may have left less than an array takes. */
const isArray = (encoded: Buffer) => encoded.length >= 16 && encoded.readUInt32LE(0) === 9
const encodedOf = (piece: Piece) => piece.bytes.subarray(keyOf(piece).length)

/** Type and value of any kind, as they stand in a file. */
function randomValue(dice: Dice): Buffer {
  const type = dice(13)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(type)
  const sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => (dice(2) === 0 ? 0 : dice(256))))
  const length = Buffer.alloc(8)
  if (type === 8) {
    const text = noise(dice(40))
    length.writeBigUInt64LE(BigInt(text.length))
    return Buffer.concat([head, length, text])
  }
  if (type !== 9) return Buffer.concat([head, noise(sizes[type] ?? 0)])
  const elementType = [0, 4, 5, 6, 10][dice(5)] ?? 0
  const count = dice(600)
  const elements = Buffer.alloc(4)
  elements.writeUInt32LE(elementType)
  length.writeBigUInt64LE(BigInt(count))
  return Buffer.concat([head, elements, length, noise(count * (sizes[elementType] ?? 0))])
}
