import { GgufError } from './error.ts'
import type { GgufArray } from './types.ts'

/**
 * Refuses two tokens with one text, over which llama.cpp ends its process. A quarter of a million texts are compared
 * by hashes, without making strings of them; only where two hashes are the same are the texts themselves looked at.
 */
export function checkDistinct(tokens: GgufArray): void {
  const hashes = new Float64Array(tokens.length)
  tokens.forEachText((bytes, start, end, id) => {
    if (start < end) {
      hashes[id] = hashOf(bytes, start, end)
    } else {
      const name = Buffer.from(emptyName(id))
      hashes[id] = hashOf(name, 0, name.length)
    }
  })
  hashes.sort()
  if (hashes.some((hash, i) => hash === hashes[i + 1])) compare(tokens)
}

/** What llama.cpp calls a token without a text. */
const emptyName = (id: number) => `[EMPTY_${id}]`

function compare(tokens: GgufArray): void {
  const seen = new Set<string>()
  tokens.forEachText((bytes, start, end, id) => {
    // Not all tokens are UTF-8, and latin1 keeps bytes apart.
    const text = start < end ? bytes.toString('latin1', start, end) : emptyName(id)
    if (seen.has(text)) {
      const shown = JSON.stringify(bytes.toString('utf8', start, Math.min(end, start + 100)))
      throw new GgufError(`tokenizer.ggml.tokens has ${shown} twice, again as token ${id}`)
    }
    seen.add(text)
  })
}

/** 53 bits of two FNV-1a hashes that begin differently. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let low = 0x811c9dc5
  let high = 0x01234567
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0
    low = Math.imul(low ^ byte, 0x01000193)
    high = Math.imul(high ^ byte, 0x01000193)
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
}
