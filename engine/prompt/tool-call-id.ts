import { randomInt } from 'node:crypto'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A fresh id for a tool call: `call_` and eight letters or digits. */
export function newToolCallId(): string {
  return `call_${Array.from({ length: 8 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')}`
}
