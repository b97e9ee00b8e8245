import { type CharSet, charSet, charsOf, complement } from './char-set.ts'

/** A regular expression as far as a grammar can follow it. */
export type PatternNode =
  | { type: 'chars'; set: CharSet }
  | { type: 'sequence'; items: PatternNode[] }
  | { type: 'choice'; options: PatternNode[] }
  | { type: 'repeat'; item: PatternNode; min: number; max: number | undefined }
  | { type: 'start' | 'end' }
  | { type: 'look'; item: PatternNode; isNegated: boolean }

/** What a pattern uses and a grammar has no word for. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
  /** `size`: another way of following the pattern may be small enough. `empty`: no text is left. */
  readonly reason: 'size' | 'empty' | undefined

  constructor(message: string, reason?: 'size' | 'empty') {
    super(message)
    this.reason = reason
  }
}

const MAX_LENGTH = 2_000
const MAX_DEPTH = 50

const DIGITS: CharSet = [[0x30, 0x39]]
const WORD = charSet([...DIGITS, [0x41, 0x5a], [0x61, 0x7a], [0x5f, 0x5f]])
const SPACE = charsOf(' \t\n\r\f\v\u00a0\u2028\u2029')
const LINE_ENDS = charsOf('\n\r\u2028\u2029')

const CLASSES: Record<string, CharSet> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
}
const CONTROLS: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' }

interface Bounds {
  min: number
  max: number | undefined
}

const QUANTIFIERS: Record<string, Bounds> = {
  '*': { min: 0, max: undefined },
  '+': { min: 1, max: undefined },
  '?': { min: 0, max: 1 },
}

/**
 * Parses an ECMAScript regular expression: characters, classes, groups, alternatives, repetition, anchors and
 * looking ahead. Throws PatternError on anything else (word boundaries, looking behind, back references, Unicode
 * properties) and on bad syntax.
 */
export function parsePattern(source: string): PatternNode {
  if (source.length > MAX_LENGTH) throw new PatternError(`is longer than ${MAX_LENGTH} characters`)
  const chars = [...source]
  let at = 0
  let depth = 0

  const peek = () => chars[at]
  function take(expected: string): boolean {
    const isNext = chars.slice(at, at + expected.length).join('') === expected
    if (isNext) at += expected.length
    return isNext
  }
  function next(): string {
    const char = chars[at++]
    if (char === undefined) throw new PatternError('ends too early')
    return char
  }

  function choice(): PatternNode {
    if (++depth > MAX_DEPTH) throw new PatternError('is nested too deeply')
    const options = [alternative()]
    while (take('|')) options.push(alternative())
    depth -= 1
    return options.length === 1 && options[0] !== undefined ? options[0] : { type: 'choice', options }
  }

  function alternative(): PatternNode {
    const items: PatternNode[] = []
    while (peek() !== undefined && peek() !== '|' && peek() !== ')') items.push(repeated(atom()))
    return { type: 'sequence', items }
  }

  function repeated(item: PatternNode): PatternNode {
    const bounds = quantifier()
    if (bounds === undefined) return item
    if (item.type === 'start' || item.type === 'end' || item.type === 'look') {
      throw new PatternError('repeats an anchor')
    }
    // Lazy or greedy: the same texts match.
    take('?')
    return { type: 'repeat', item, ...bounds }
  }

  function quantifier(): Bounds | undefined {
    const mark = peek() ?? ''
    const known = QUANTIFIERS[mark]
    if (known !== undefined) {
      at += 1
      return known
    }
    const braces = /^\{(\d+)(,?)(\d*)\}/.exec(chars.slice(at, at + 24).join(''))
    if (braces === null) return undefined
    const [whole, from, comma, to] = braces
    at += whole.length
    const min = Number(from)
    const max = comma === '' ? min : to === '' ? undefined : Number(to)
    if (max !== undefined && max < min) throw new PatternError('has a repetition out of order')
    return { min, max }
  }

  function atom(): PatternNode {
    const char = next()
    switch (char) {
      case '^':
        return { type: 'start' }
      case '$':
        return { type: 'end' }
      case '.':
        return { type: 'chars', set: complement(LINE_ENDS) }
      case '[':
        return { type: 'chars', set: charClass() }
      case '(':
        return group()
      case '\\':
        return { type: 'chars', set: escaped() }
      case '*':
      case '+':
      case '?':
        throw new PatternError('repeats nothing')
      default:
        return { type: 'chars', set: charsOf(char) }
    }
  }

  function group(): PatternNode {
    if (take('?=')) return { type: 'look', item: groupEnd(), isNegated: false }
    if (take('?!')) return { type: 'look', item: groupEnd(), isNegated: true }
    if (take('?') && !take(':')) {
      const name = /^<[A-Za-z_$][\w$]*>/.exec(chars.slice(at, at + 100).join(''))
      if (name === null) throw new PatternError('uses an assertion')
      at += name[0].length
    }
    return groupEnd()
  }

  function groupEnd(): PatternNode {
    const inner = choice()
    if (!take(')')) throw new PatternError('has an unclosed group')
    return inner
  }

  function charClass(): CharSet {
    const isNegated = take('^')
    const ranges: (readonly [number, number])[] = []
    while (!take(']')) {
      const low = classAtom()
      const isRange = peek() === '-' && chars[at + 1] !== ']' && chars[at + 1] !== undefined
      if (!isRange) {
        ranges.push(...low)
        continue
      }
      next()
      ranges.push(span(low, classAtom()))
    }
    return isNegated ? complement(ranges) : charSet(ranges)
  }

  function classAtom(): CharSet {
    const char = next()
    if (char !== '\\') return charsOf(char)
    // In a class, and only there, \b is a backspace.
    return take('b') ? charsOf('\b') : escaped()
  }

  function span(low: CharSet, high: CharSet): readonly [number, number] {
    const [from] = low
    const [to] = high
    const isSpan = from !== undefined && to !== undefined && from[0] === from[1] && to[0] === to[1]
    if (!isSpan || from[0] > to[0]) throw new PatternError('has a range out of order')
    return [from[0], to[0]]
  }

  function escaped(): CharSet {
    const char = next()
    const known = CLASSES[char]
    if (known !== undefined) return known
    const control = CONTROLS[char]
    if (control !== undefined) return charsOf(control)
    if (char === 'x') return codePoint(hex(2))
    if (char === 'u') return codePoint(take('{') ? braced() : hex(4))
    if (/[a-zA-Z1-9]/.test(char)) throw new PatternError(`uses \\${char}`)
    return charsOf(char)
  }

  function hex(digits: number): string {
    return Array.from({ length: digits }, next).join('')
  }

  function braced(): string {
    let digits = ''
    while (!take('}')) digits += next()
    return digits
  }

  function codePoint(digits: string): CharSet {
    const point = Number.parseInt(digits, 16)
    const isScalar =
      /^[0-9a-fA-F]{1,6}$/.test(digits) && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)
    if (!isScalar) throw new PatternError(`names no character with \\u${digits}`)
    return [[point, point]]
  }

  const pattern = choice()
  if (at < chars.length) throw new PatternError('has an unopened group')
  return pattern
}
