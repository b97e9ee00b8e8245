const CARRIAGE_RETURN = 13
const LINE_FEED = 10
const EQUALS = 61

/** Marks the codes of `A-Z a-z 0-9 + /`: the standard alphabet, not the one for URLs. */
const IN_ALPHABET = new Uint8Array(128)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  IN_ALPHABET[char.charCodeAt(0)] = 1
}

/**
 * Decodes padded base64 of the standard alphabet; line breaks are skipped. Throws SyntaxError
 * `illegal base64 data at input byte N` with the N that Go's encoding/base64 gives, where Node would
 * silently skip what it does not know.
 */
export function decodeBase64(text: string): Uint8Array {
  // Characters since the last whole group of four.
  let group = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === LINE_FEED || code === CARRIAGE_RETURN) continue
    if (code === EQUALS) {
      checkPadding(text, at, group)
      return Buffer.from(text, 'base64')
    }
    if (IN_ALPHABET[code] !== 1) throw illegal(at)
    group = (group + 1) % 4
  }
  if (group !== 0) throw illegal(text.length - group)
  return Buffer.from(text, 'base64')
}

/** One or two `=` fill the last group; nothing but line breaks may follow. */
function checkPadding(text: string, at: number, group: number): void {
  if (group < 2) throw illegal(at)
  let next = skipLineBreaks(text, at + 1)
  if (group === 2) {
    if (text.charCodeAt(next) !== EQUALS) throw illegal(next)
    next = skipLineBreaks(text, next + 1)
  }
  if (next < text.length) throw illegal(next)
}

function skipLineBreaks(text: string, from: number): number {
  let at = from
  while (text[at] === '\n' || text[at] === '\r') at += 1
  return at
}

const illegal = (at: number) => new SyntaxError(`illegal base64 data at input byte ${at}`)
