import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import { padded } from './parse.ts'
import { type FixedValueType, type GgufValueType, VALUE_TYPES } from './types.ts'

/** Texts may also be given as the bytes they are to have. */
export type ScalarToWrite = number | bigint | boolean | string | Uint8Array
export interface ArrayToWrite {
  of: GgufValueType
  /** Elements of an array of arrays are themselves `{ of, items }`. */
  items: readonly (ScalarToWrite | ArrayToWrite)[]
}
/** A metadata value and the type it is to have in the file. */
export type ValueToWrite =
  | { type: Exclude<GgufValueType, 'array'>; value: ScalarToWrite }
  | { type: 'array'; value: ArrayToWrite }
  /** Type and value as they stand in another GGUF file (GgufHeader.encoded). */
  | { type: 'encoded'; value: Uint8Array }

type NumberType = Exclude<FixedValueType, 'bool'>
type Put = (to: Buffer, value: number | bigint, offset: number) => void
const NUMBERS: Record<NumberType, { bytes: number; put: Put }> = {
  uint8: { bytes: 1, put: (to, value, offset) => to.writeUInt8(Number(value), offset) },
  int8: { bytes: 1, put: (to, value, offset) => to.writeInt8(Number(value), offset) },
  uint16: { bytes: 2, put: (to, value, offset) => to.writeUInt16LE(Number(value), offset) },
  int16: { bytes: 2, put: (to, value, offset) => to.writeInt16LE(Number(value), offset) },
  uint32: { bytes: 4, put: (to, value, offset) => to.writeUInt32LE(Number(value), offset) },
  int32: { bytes: 4, put: (to, value, offset) => to.writeInt32LE(Number(value), offset) },
  float32: { bytes: 4, put: (to, value, offset) => to.writeFloatLE(Number(value), offset) },
  uint64: { bytes: 8, put: (to, value, offset) => to.writeBigUInt64LE(BigInt(value), offset) },
  int64: { bytes: 8, put: (to, value, offset) => to.writeBigInt64LE(BigInt(value), offset) },
  float64: { bytes: 8, put: (to, value, offset) => to.writeDoubleLE(Number(value), offset) },
}

const FIRST_BYTES = 64 * 1024

/** Collects the bytes of a header. `what` names a value in the GgufError that is thrown when it cannot be written. */
export class Encoder {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  raw(bytes: Uint8Array): void {
    // First make room: that may put another buffer in place.
    const start = this.#reserve(bytes.length)
    this.#bytes.set(bytes, start)
  }

  /** Zeros up to the next multiple. */
  pad(alignment: number): void {
    const count = padded(this.#length, alignment) - this.#length
    const start = this.#reserve(count)
    this.#bytes.fill(0, start, start + count)
  }

  number(type: NumberType, value: number | bigint, what: string): void {
    const { bytes, put } = NUMBERS[type]
    const start = this.#reserve(bytes)
    try {
      // Buffers round fractions; BigInt refuses them.
      if (typeof value === 'number' && !type.startsWith('float')) BigInt(value)
      put(this.#bytes, value, start)
    } catch (cause) {
      throw new GgufError(`${what} cannot be ${value}: its type is ${type}`, { cause })
    }
  }

  /** A text with its length in front. */
  text(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    this.number('uint64', bytes.length, 'the length of a text')
    this.raw(bytes)
  }

  /** A metadata entry: key, type, value. */
  entry(key: string, value: ValueToWrite): void {
    const keyBytes = Buffer.byteLength(key)
    if (keyBytes === 0 || keyBytes > LIMITS.keyBytes) {
      throw new GgufError(`a metadata key has ${keyBytes} bytes, not 1 to ${LIMITS.keyBytes}`)
    }
    this.text(key)
    if (value.type === 'encoded') {
      this.raw(value.value)
    } else {
      this.#type(value.type)
      this.#value(value.type, value.value, JSON.stringify(key))
    }
  }

  #type(type: GgufValueType): void {
    this.number('uint32', VALUE_TYPES.indexOf(type), 'a type')
  }

  #value(type: GgufValueType, value: ScalarToWrite | ArrayToWrite, what: string): void {
    const isText = typeof value === 'string' || value instanceof Uint8Array
    if (isText && type === 'string') this.text(value)
    else if (typeof value === 'object' && !isText && type === 'array') this.#array(value, what)
    else if (typeof value === 'boolean' && type === 'bool') this.raw(Uint8Array.of(value ? 1 : 0))
    else if (isNumber(value) && isNumberType(type)) this.number(type, value, what)
    else throw new GgufError(`${what} cannot hold a value of type ${typeof value}: its type is ${type}`)
  }

  #array({ of, items }: ArrayToWrite, what: string): void {
    this.#type(of)
    this.number('uint64', items.length, `the length of ${what}`)
    for (const item of items) this.#value(of, item, what)
  }

  /** Makes room at the end and says where it starts. */
  #reserve(count: number): number {
    const start = this.#length
    const end = start + count
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, start)
      this.#bytes = grown
    }
    this.#length = end
    return start
  }
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'
const isNumberType = (type: GgufValueType): type is NumberType => Object.hasOwn(NUMBERS, type)
