/**
 * A scanner over JSON text that reports errors in the words of Go's encoding/json (scanner.go). It builds
 * nothing: it finds where the first value ends, or why there is none. Positions are UTF-16 units.
 */

/** Containers within containers, as in Go. */
export const MAX_DEPTH = 10_000

/** Index just past the first JSON value; undefined when there is only white space. Throws SyntaxError. */
export function endOfFirstValue(text: string): number | undefined {
  let at = skipSpace(text, 0)
  if (at === text.length) return undefined
  const open: ('{' | '[')[] = []
  for (;;) {
    const begun = beginValue(text, at, open)
    at = begun.at
    if (!begun.ended) continue
    const ended = endValue(text, at, open)
    at = ended.at
    if (ended.complete) return at
  }
}

/** Steps over a scalar or an empty container, or into a container up to its first value. */
function beginValue(text: string, from: number, open: ('{' | '[')[]): { at: number; ended: boolean } {
  const at = skipSpace(text, from)
  const char = text[at]
  if (char !== '{' && char !== '[') return { at: skipScalar(text, at), ended: true }
  if (open.length === MAX_DEPTH) throw new SyntaxError('exceeded max depth')
  const inside = skipSpace(text, at + 1)
  if (text[inside] === CLOSING[char]) return { at: inside + 1, ended: true }
  open.push(char)
  return { at: char === '{' ? skipKey(text, inside) : inside, ended: false }
}

/** After a value: closes what ends here, and stops before the next value or at the end of the first one. */
function endValue(text: string, from: number, open: ('{' | '[')[]): { at: number; complete: boolean } {
  let at = from
  for (;;) {
    const container = open.at(-1)
    if (container === undefined) return { at, complete: true }
    at = skipSpace(text, at)
    if (text[at] === ',') {
      return { at: container === '{' ? skipKey(text, skipSpace(text, at + 1)) : at + 1, complete: false }
    }
    if (text[at] !== CLOSING[container]) {
      throw unexpected(text, at, container === '{' ? 'after object key:value pair' : 'after array element')
    }
    open.pop()
    at += 1
  }
}

const CLOSING = { '{': '}', '[': ']' } as const

function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at += 1
  return at
}

/** An object key and its colon. */
function skipKey(text: string, at: number): number {
  if (text[at] !== '"') throw unexpected(text, at, 'looking for beginning of object key string')
  const colon = skipSpace(text, skipString(text, at))
  if (text[colon] !== ':') throw unexpected(text, colon, 'after object key')
  return colon + 1
}

function skipScalar(text: string, at: number): number {
  const char = text[at] ?? ''
  if (char === '"') return skipString(text, at)
  if (char === '-' || isDigit(char)) return skipNumber(text, at)
  const literal = LITERALS[char]
  if (literal === undefined) throw unexpected(text, at, 'looking for beginning of value')
  for (let i = 1; i < literal.length; i++) {
    if (text[at + i] !== literal[i]) {
      throw unexpected(text, at + i, `in literal ${literal} (expecting '${literal[i]}')`)
    }
  }
  return at + literal.length
}

const LITERALS: Record<string, string> = { t: 'true', f: 'false', n: 'null' }

function skipString(text: string, quoteAt: number): number {
  let at = quoteAt + 1
  for (;;) {
    const char = text[at]
    if (char === '"') return at + 1
    if (char === '\\') at = skipEscape(text, at + 1)
    else if (char === undefined || char < ' ') throw unexpected(text, at, 'in string literal')
    else at += 1
  }
}

function skipEscape(text: string, at: number): number {
  const char = text[at] ?? ''
  if (char === '' || !'bfnrt\\/"u'.includes(char)) throw unexpected(text, at, 'in string escape code')
  if (char !== 'u') return at + 1
  for (let i = 1; i <= 4; i++) {
    if (!/^[0-9a-f]$/i.test(text[at + i] ?? '')) {
      throw unexpected(text, at + i, 'in \\u hexadecimal character escape')
    }
  }
  return at + 5
}

function skipNumber(text: string, from: number): number {
  let at = text[from] === '-' ? from + 1 : from
  at = text[at] === '0' ? at + 1 : skipDigits(text, at, 'in numeric literal')
  if (text[at] === '.') at = skipDigits(text, at + 1, 'after decimal point in numeric literal')
  if (text[at] === 'e' || text[at] === 'E') {
    at += text[at + 1] === '+' || text[at + 1] === '-' ? 2 : 1
    at = skipDigits(text, at, 'in exponent of numeric literal')
  }
  return at
}

/** At least one digit. */
function skipDigits(text: string, from: number, context: string): number {
  let at = from
  while (isDigit(text[at] ?? '')) at += 1
  if (at === from) throw unexpected(text, at, context)
  return at
}

const isDigit = (char: string) => char >= '0' && char <= '9' && char !== ''

function unexpected(text: string, at: number, context: string): SyntaxError {
  const codePoint = text.codePointAt(at)
  if (codePoint === undefined) return new SyntaxError('unexpected EOF')
  // Go looks at bytes: of a longer character it names the first byte, as if that were Latin-1.
  const byte = Buffer.from(String.fromCodePoint(codePoint))[0] ?? 0
  return new SyntaxError(`invalid character ${quoteByte(byte)} ${context}`)
}

const NAMED_ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  "'": "\\'",
}

/** As Go's strconv quotes one character. */
function quoteByte(byte: number): string {
  const char = String.fromCharCode(byte)
  const hex = byte.toString(16).padStart(2, '0')
  if (NAMED_ESCAPES[char] !== undefined) return `'${NAMED_ESCAPES[char]}'`
  if (byte < 0x20 || byte === 0x7f) return `'\\x${hex}'`
  // Bytes that begin a longer character start at 0xc2, and all of those are printable in Latin-1.
  return `'${char}'`
}
