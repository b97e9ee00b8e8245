import { GoTemplateError } from './error.ts'

const SHORT: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

/** An escape behind its backslash: a named one, a byte in hex or octal, or a character. */
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/y

/** The value of a Go literal with its quotes, as strconv.Unquote gives it. Throws GoTemplateError `invalid syntax`. */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body.replaceAll('\r', '')
  if (!body.includes('\\')) return body
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const next = body.indexOf('\\', at)
    const end = next < 0 ? body.length : next
    parts.push(Buffer.from(body.slice(at, end)))
    if (next < 0) break
    const { bytes, length } = escapeAt(body, next, '"')
    parts.push(bytes)
    at = next + length
  }
  // Bytes beside each other may be one character.
  return Buffer.concat(parts).toString()
}

/** The character of a Go constant such as `'a'`. Throws GoTemplateError. */
export function unquoteCharacter(literal: string): number {
  const body = literal.slice(1, -1)
  if (body === '') throw new GoTemplateError('invalid syntax')
  const { code, length } = body.startsWith('\\') ? escapeAt(body, 0, "'") : plainCharacter(body)
  if (length < body.length) throw new GoTemplateError(`malformed character constant: ${literal}`)
  return code
}

function plainCharacter(text: string) {
  const code = text.codePointAt(0) ?? 0
  return { code, length: String.fromCodePoint(code).length }
}

interface Escape {
  bytes: Buffer
  code: number
  /** Of what is written, with its backslash. */
  length: number
}

function escapeAt(text: string, at: number, quote: string): Escape {
  ESCAPE.lastIndex = at
  const [all = '', named, hex, octal, short, long] = ESCAPE.exec(text) ?? []
  const byte = hex ?? octal
  const found =
    byte === undefined
      ? characterEscape(named === undefined ? unicode(short ?? long ?? '') : shortEscape(named, quote))
      : byteEscape(Number.parseInt(byte, hex === undefined ? 8 : 16))
  if (found === undefined) throw new GoTemplateError('invalid syntax')
  return { ...found, length: all.length }
}

const shortEscape = (name: string, quote: string): string | undefined =>
  SHORT[name] ?? (name === quote ? name : undefined)

function unicode(hex: string): string | undefined {
  const code = Number.parseInt(hex, 16)
  const isValid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return isValid ? String.fromCodePoint(code) : undefined
}

const characterEscape = (character: string | undefined) =>
  character === undefined ? undefined : { bytes: Buffer.from(character), code: character.codePointAt(0) ?? 0 }

const byteEscape = (code: number) => (code > 255 ? undefined : { bytes: Buffer.from([code]), code })
