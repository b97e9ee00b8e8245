import { Cursor } from './cursor.ts'
import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import {
  type FixedValueType,
  type GgufArray,
  type GgufScalar,
  type GgufValue,
  type GgufValueType,
  VALUE_TYPES,
} from './types.ts'

const FIXED: Record<FixedValueType, { bytes: number; read(from: Buffer, offset: number): GgufScalar }> = {
  uint8: { bytes: 1, read: (from, offset) => from.readUInt8(offset) },
  int8: { bytes: 1, read: (from, offset) => from.readInt8(offset) },
  uint16: { bytes: 2, read: (from, offset) => from.readUInt16LE(offset) },
  int16: { bytes: 2, read: (from, offset) => from.readInt16LE(offset) },
  uint32: { bytes: 4, read: (from, offset) => from.readUInt32LE(offset) },
  int32: { bytes: 4, read: (from, offset) => from.readInt32LE(offset) },
  float32: { bytes: 4, read: (from, offset) => shortestFloat(from.readFloatLE(offset)) },
  bool: { bytes: 1, read: (from, offset) => from.readUInt8(offset) !== 0 },
  uint64: { bytes: 8, read: (from, offset) => exact(from.readBigUInt64LE(offset)) },
  int64: { bytes: 8, read: (from, offset) => exact(from.readBigInt64LE(offset)) },
  float64: { bytes: 8, read: (from, offset) => from.readDoubleLE(offset) },
}

/** The type of a value, from the number in the file. */
export function readValueType(cursor: Cursor): GgufValueType {
  const start = cursor.offset
  const id = cursor.uint32()
  const type = VALUE_TYPES[id]
  if (type === undefined) throw new GgufError(`value type ${id} at byte ${start} does not exist`)
  return type
}

/** A value of a type that is already known; `what` names it in errors. */
export function readValue(cursor: Cursor, type: GgufValueType, what: string): GgufValue {
  if (type === 'string') return cursor.string(LIMITS.stringBytes, what)
  if (type === 'array') return readArray(cursor, what, 1)
  return FIXED[type].read(cursor.bytes, cursor.take(FIXED[type].bytes))
}

/** Checks an array to its end and decodes none of it. */
function readArray(cursor: Cursor, what: string, depth: number): GgufArray {
  if (depth > LIMITS.arrayDepth) {
    throw new GgufError(`${what} nests arrays more than ${LIMITS.arrayDepth} deep at byte ${cursor.offset}`)
  }
  const elementType = readValueType(cursor)
  const length = cursor.count(LIMITS.arrayElements, `the length of ${what}`)
  const start = cursor.offset
  if (elementType === 'string') {
    const text = `the length of a text in ${what}`
    for (let i = 0; i < length; i++) cursor.take(cursor.count(LIMITS.stringBytes, text))
  } else if (elementType === 'array') {
    for (let i = 0; i < length; i++) readArray(cursor, what, depth + 1)
  } else {
    cursor.take(length * FIXED[elementType].bytes)
  }
  return checkedArray(cursor.bytes, start, elementType, length)
}

/** Decodes, on demand, elements whose extent has been checked. */
function checkedArray(bytes: Buffer, start: number, elementType: GgufValueType, length: number): GgufArray {
  const next = (cursor: Cursor) => readValue(cursor, elementType, 'an array')
  return {
    elementType,
    length,
    at(index) {
      if (!Number.isInteger(index) || index < 0 || index >= length) return undefined
      if (elementType !== 'string' && elementType !== 'array') {
        return FIXED[elementType].read(bytes, start + index * FIXED[elementType].bytes)
      }
      const cursor = new Cursor(bytes, start)
      for (let i = 0; i < index; i++) {
        if (elementType === 'string') cursor.take(cursor.count(LIMITS.stringBytes, 'a text'))
        else next(cursor)
      }
      return next(cursor)
    },
    toArray() {
      const cursor = new Cursor(bytes, start)
      return Array.from({ length }, () => next(cursor))
    },
    forEachText(visit) {
      const cursor = new Cursor(bytes, start)
      for (let i = 0; elementType === 'string' && i < length; i++) {
        const textBytes = cursor.count(LIMITS.stringBytes, 'a text')
        const textStart = cursor.take(textBytes)
        visit(bytes, textStart, textStart + textBytes, i)
      }
    },
  }
}

const exact = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value

/**
 * The shortest decimal that is this float32, so that 1e-5 does not turn into 0.000009999999747378752 on its way
 * into a double. Nine digits are always enough.
 */
function shortestFloat(value: number): number {
  if (!Number.isFinite(value)) return value
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
