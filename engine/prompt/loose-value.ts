/**
 * Values as models write them that learned JSON, Python and more: strings in single or double quotes or in marks of the
 * model's own, keys with or without quotes, `True` and `None`.
 */
export interface Looseness {
  /** A further mark that stands on both sides of a string; nothing is escaped between. */
  quote?: string
  /** Nothing is escaped in any string: a quote ends one only where something can follow. */
  isRaw?: boolean
}

const MAX_DEPTH = 64
/** What stands behind a value or a key. */
const FOLLOWS = /\s*(?:[,)\]}:=]|$)/y
const WORD = /[^\s,()[\]{}:='"]+/y
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['null', null],
  ['None', null],
])
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Thrown and caught here, often: one for all, because making an error costs much. */
const NOT_A_VALUE = new Error('not a value')

/** The value a text is; undefined when it is none. Time is linear. */
export function looseValue(text: string, looseness: Looseness = {}): unknown {
  let at = 0

  function skip(): void {
    while (at < text.length && /\s/.test(text.charAt(at))) at++
  }

  function value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw NOT_A_VALUE
    skip()
    const char = text.charAt(at)
    if (char === '{' || char === '(') return members(depth, char)
    if (char === '[') return items(depth)
    return isQuote() ? string() : word()
  }

  const isQuote = () =>
    (looseness.quote !== undefined && text.startsWith(looseness.quote, at)) || /['"]/.test(text.charAt(at))

  function members(depth: number, open: string): Record<string, unknown> {
    const entries: [string, unknown][] = []
    list(CLOSING[open] ?? '', () => {
      const key = isQuote() ? string() : match(WORD)
      skip()
      if (!/[:=]/.test(text.charAt(at))) throw NOT_A_VALUE
      at += 1
      entries.push([key, value(depth + 1)])
    })
    return Object.fromEntries(entries)
  }

  function items(depth: number): unknown[] {
    const found: unknown[] = []
    list(']', () => found.push(value(depth + 1)))
    return found
  }

  /** From one bracket to the other; a comma before the last is no item. */
  function list(close: string, item: () => void): void {
    at += 1
    for (skip(); text.charAt(at) !== close; skip()) {
      item()
      skip()
      if (text.charAt(at) === ',') at += 1
      else if (text.charAt(at) !== close) throw NOT_A_VALUE
    }
    at += 1
  }

  function string(): string {
    const own = looseness.quote
    const quote = own !== undefined && text.startsWith(own, at) ? own : text.charAt(at)
    const isOwn = quote.length > 1
    const start = at + quote.length
    const end = isOwn ? text.indexOf(quote, start) : endOfString(text, start, quote, looseness.isRaw === true)
    if (end < 0) throw NOT_A_VALUE
    at = end + quote.length
    const body = text.slice(start, end)
    return isOwn || looseness.isRaw === true ? body : unescaped(body)
  }

  function word(): unknown {
    const found = match(WORD)
    if (WORDS.has(found)) return WORDS.get(found)
    if (NUMBER.test(found)) return Number(found)
    throw NOT_A_VALUE
  }

  function match(pattern: RegExp): string {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined) throw NOT_A_VALUE
    at += found.length
    return found
  }

  try {
    const found = value(0)
    skip()
    return at === text.length ? found : undefined
  } catch (error) {
    if (error !== NOT_A_VALUE) throw error
    return undefined
  }
}

function endOfString(text: string, start: number, quote: string, isRaw: boolean): number {
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at)
    if (!isRaw && char === '\\') at += 1
    else if (char === quote && (!isRaw || endsThere(text, at + 1))) return at
  }
  return -1
}

function endsThere(text: string, at: number): boolean {
  FOLLOWS.lastIndex = at
  return FOLLOWS.test(text)
}

const LETTERS: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '0': '\0',
  '\n': '',
}

/** Escapes of JSON and of Python; before any other character the backslash stays, as in Python. */
function unescaped(body: string): string {
  return body.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([\s\S]))/g,
    (whole, short: string | undefined, long: string | undefined, byte: string | undefined, char: string) => {
      const digits = short ?? long ?? byte
      if (digits !== undefined) {
        const point = Number.parseInt(digits, 16)
        return point > 0x10ffff
          ? whole
          : short === undefined
            ? String.fromCodePoint(point)
            : String.fromCharCode(point)
      }
      if (/['"\\/]/.test(char)) return char
      return LETTERS[char] ?? whole
    },
  )
}
