import { refused } from '../refuse.ts'

/** A field of a protocol buffer message: its number and its value, which is bytes for texts and messages. */
export interface Field {
  number: number
  value: number | Buffer
}

const broken = (what: string) => refused(`tokenizer.model is not a SentencePiece model: ${what}`)

/**
 * The fields of a message one after the other (protobuf.dev, "Encoding"). Integers are 32 bits with a sign, which is
 * all that SentencePiece has. Throws EngineError `convert_failed` for bytes that are no message.
 */
export function* fieldsOf(bytes: Buffer): Generator<Field> {
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw broken('it is cut short')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw broken('a number is too long')
  }
  const take = (count: number) => {
    if (count > bytes.length - at) throw broken('it is cut short')
    at += count
    return bytes.subarray(at - count, at)
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const number = Math.floor(key / 8)
    switch (key % 8) {
      case 0:
        yield { number, value: Number(BigInt.asIntN(32, varint())) }
        break
      case 1:
        yield { number, value: take(8) }
        break
      case 2:
        yield { number, value: take(Number(varint())) }
        break
      case 5:
        yield { number, value: take(4).readFloatLE() }
        break
      default:
        throw broken(`field ${number} is of no known kind`)
    }
  }
}
