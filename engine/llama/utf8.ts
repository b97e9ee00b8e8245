/** How many bytes a character still lacks, and what the next one may be. */
export interface Utf8State {
  missing: number
  low: number
  high: number
}

export const BETWEEN_CHARACTERS: Utf8State = { missing: 0, low: 0, high: 0xf4 }

/** Where bytes lead, by the table of well-formed sequences in the Unicode standard. Undefined when they are broken. */
export function utf8After(state: Utf8State, bytes: Uint8Array): Utf8State | undefined {
  let now: Utf8State | undefined = state
  for (const byte of bytes) {
    now = after(now, byte)
    if (now === undefined) return undefined
  }
  return now
}

function after({ missing, low, high }: Utf8State, byte: number): Utf8State | undefined {
  if (byte < low || byte > high) return undefined
  if (missing > 1) return { missing: missing - 1, low: 0x80, high: 0xbf }
  if (missing === 1 || byte < 0x80) return BETWEEN_CHARACTERS
  if (byte < 0xc2) return undefined
  if (byte < 0xe0) return { missing: 1, low: 0x80, high: 0xbf }
  // Narrower second bytes: no character in more bytes than it needs, no surrogate, none past the last.
  if (byte < 0xf0) return { missing: 2, low: byte === 0xe0 ? 0xa0 : 0x80, high: byte === 0xed ? 0x9f : 0xbf }
  return { missing: 3, low: byte === 0xf0 ? 0x90 : 0x80, high: byte === 0xf4 ? 0x8f : 0xbf }
}
