/** Milliseconds in one of each unit that Go's time.ParseDuration knows. Both spellings of micro count. */
const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go keeps durations as nanoseconds in 64 bits: about 292 years either way. */
const LONGEST_MS = 2 ** 63 / 1e6

/** One number with what follows it up to the next number. */
const TERM = /(\d*)(\.\d*)?([^\d.]*)/y

/**
 * Milliseconds (fractions allowed, negative allowed) of a duration in Go's syntax, such as `1h2m3.5s`.
 * Throws SyntaxError in the words of Go's time.ParseDuration, which Ollama's clients show as they are.
 */
export function parseGoDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[-+]/, '')
  if (body === '0') return 0
  if (body === '') throw invalid(text)
  let ms = 0
  let at = 0
  while (at < body.length) {
    TERM.lastIndex = at
    const [term = '', whole = '', fraction = '', unit = ''] = TERM.exec(body) ?? []
    ms += termMs(text, whole, fraction, unit)
    at += term.length
  }
  if (ms > LONGEST_MS || (ms === LONGEST_MS && sign > 0)) throw invalid(text)
  // Not `sign * ms`: that makes a negative zero of "-0s".
  return ms === 0 ? 0 : sign * ms
}

function termMs(text: string, whole: string, fraction: string, unit: string): number {
  if (whole === '' && fraction.length < 2) throw invalid(text)
  if (unit === '') throw new SyntaxError(`time: missing unit in duration ${quote(text)}`)
  const unitMs = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined
  if (unitMs === undefined) {
    throw new SyntaxError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`)
  }
  return Number(`${whole || '0'}${fraction.length > 1 ? fraction : ''}`) * unitMs
}

const invalid = (text: string) => new SyntaxError(`time: invalid duration ${quote(text)}`)

/** Quotes as Go's time package does: anything outside printable ASCII becomes the hex of its UTF-8 bytes. */
function quote(text: string): string {
  const inner = [...text].map((char) => {
    if (char === '"' || char === '\\') return `\\${char}`
    if (char >= ' ' && char < '\u0080') return char
    return [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  })
  return `"${inner.join('')}"`
}
