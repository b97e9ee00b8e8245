import { isUtf8 } from 'node:buffer'
import { GgufError } from './error.ts'

/** The bytes at hand end before the header does. Whoever has more may try again from the start. */
export class MoreBytesNeeded extends Error {
  override readonly name = 'MoreBytesNeeded'
  /** Reading reaches at least up to here. */
  readonly end: number

  constructor(end: number) {
    super(`bytes up to ${end} are needed`)
    this.end = end
  }
}

const UINT32_SIZE = 2 ** 32

/** Reads little-endian values one after the other and never past the end. */
export class Cursor {
  readonly bytes: Buffer
  #offset: number

  constructor(bytes: Buffer, offset = 0) {
    this.bytes = bytes
    this.#offset = offset
  }

  get offset(): number {
    return this.#offset
  }

  /** Steps over `count` bytes and says where they start. */
  take(count: number): number {
    const start = this.#offset
    const end = start + count
    if (end > this.bytes.length) throw new MoreBytesNeeded(end)
    this.#offset = end
    return start
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.take(4))
  }

  uint64(): number | bigint {
    const start = this.take(8)
    const high = this.bytes.readUInt32LE(start + 4)
    const value = high * UINT32_SIZE + this.bytes.readUInt32LE(start)
    return Number.isSafeInteger(value) ? value : this.bytes.readBigUInt64LE(start)
  }

  /** A number of things or bytes that the file claims, refused above `limit`. */
  count(limit: number, what: string): number {
    const start = this.#offset
    const value = this.uint64()
    if (typeof value === 'bigint' || value > limit) {
      throw new GgufError(`${what} is ${value} at byte ${start}, more than the ${limit} that are read`)
    }
    return value
  }

  /** A text with its length in front. Bytes that are not UTF-8 become U+FFFD. */
  string(limit: number, what: string): string {
    const length = this.count(limit, `the length of ${what}`)
    const start = this.take(length)
    return this.bytes.toString('utf8', start, start + length)
  }
  /**
   * A text that something is known by. It has to be UTF-8 without NUL: native code would take `a\0b` for `a`,
   * and two names that are not UTF-8 would look the same here.
   */
  name(limit: number, what: string): string {
    const start = this.#offset
    const name = this.string(limit, what)
    if (name === '') throw new GgufError(`${what} is empty at byte ${start}`)
    if (name.includes('\0')) throw new GgufError(`${what} has a NUL in it at byte ${start}`)
    if (!isUtf8(this.bytes.subarray(start + 8, this.#offset))) {
      throw new GgufError(`${what} is not UTF-8 at byte ${start}`)
    }
    return name
  }
}
