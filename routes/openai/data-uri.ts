/** The media type (lower case, may be empty) and the bytes of a base64 data URI; undefined when it is none. */
export function parseDataUri(uri: string): { mediaType: string; bytes: Uint8Array } | undefined {
  const comma = uri.indexOf(',')
  const head = /^data:([^;,]*)(?:;[^;,=]+=[^;,]*)*;base64$/i.exec(uri.slice(0, Math.min(comma, 200)))
  if (comma < 0 || head === null) return undefined
  const bytes = decodeBase64(uri.slice(comma + 1))
  return bytes && { mediaType: (head[1] ?? '').trim().toLowerCase(), bytes }
}

/** Strict about the alphabet, lenient about padding and line breaks. */
function decodeBase64(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\r\n]/g, '').replace(/={1,2}$/, '')
  const bytes = Buffer.from(digits, 'base64')
  // Node skips what it does not know, which shows as missing bytes; one digit too many shows the same way.
  const whole = digits.length % 4 !== 1 && bytes.length === Math.floor((digits.length * 3) / 4)
  return whole && bytes.length > 0 ? bytes : undefined
}
