/**
 * Cuts a template into tokens as Go's text/template/parse does (lex.go), so that its errors name the same things on
 * the same lines. Text stands outside of `{{ }}`; a `-` beside a delimiter, with a space between it and what is inside,
 * trims the text on that side. Comments give no token.
 */

import { goQuote } from '../go-quote.ts'
import { KEYWORDS, type Token, type TokenType } from './token.ts'

const LEFT = '{{'
const RIGHT = '}}'
const SPACE = /[ \t\r\n]/
const SPACES = /[ \t\r\n]*/y
const WORD = /[\p{L}\p{Nd}_]*/uy
const WORD_CHARACTER = /[\p{L}\p{Nd}_]/u
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u
/** A Go string: an escape takes any character but the end of the line. */
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y
const CHAR_CONSTANT = /'(?:[^'\\\n]|\\[^\n])*'/y
const RAW = /`[^`]*`/y
/** Taken greedily and unchecked; what is no number is found later. */
const HEX = /[+-]?0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?i?/y
const OCTAL = /[+-]?0[oO][0-7_]*(?:\.[0-7_]*)?i?/y
const BINARY = /[+-]?0[bB][01_]*(?:\.[01_]*)?i?/y
const DECIMAL = /[+-]?[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?i?/y

const SINGLE: Readonly<Record<string, TokenType>> = { '=': 'assign', '|': 'pipe' }

/** The tokens of a template. The last one is `eof`, or `error`. */
export function* lex(input: string): Generator<Token, void> {
  let start = 0
  let line = 1
  let newline = input.indexOf('\n')
  let depth = 0

  function pass(length: number): void {
    start += length
    for (; newline >= 0 && newline < start; newline = input.indexOf('\n', newline + 1)) line++
  }
  function take(type: TokenType, length: number): Token {
    const token = { type, text: input.slice(start, start + length), start, line }
    pass(length)
    return token
  }
  const fail = (message: string): Token => ({ type: 'error', text: message, start, line })
  const match = (pattern: RegExp, at: number): string => {
    pattern.lastIndex = at
    return pattern.exec(input)?.[0] ?? ''
  }

  /** Length of the delimiter that closes an action here, 0 when there is none. */
  function closing(at: number): number {
    if (input.startsWith(RIGHT, at)) return 2
    return SPACE.test(input.charAt(at)) && input.startsWith(`-${RIGHT}`, at + 1) ? 4 : 0
  }

  /** Passes the comment that opens behind the delimiter here, if one does; or says what is wrong with it. */
  function comment(): Token | 'passed' | undefined {
    const trims = opensTrimmed(start)
    if (!input.startsWith('/*', start + (trims ? 4 : 2))) return undefined
    pass(trims ? 4 : 2)
    const end = input.indexOf('*/', start + 2)
    if (end < 0) return fail('unclosed comment')
    const length = closing(end + 2)
    if (length === 0) return fail('comment ends before closing delimiter')
    pass(end + 2 + length - start)
    if (length === 4) pass(match(SPACES, start).length)
    return 'passed'
  }
  const opensTrimmed = (at: number) => input.charAt(at + 2) === '-' && SPACE.test(input.charAt(at + 3))

  /** A name here must be followed by what can end it. */
  function terminated(type: TokenType, length: number): Token {
    const next = input.slice(start + length, start + length + 2)
    if (next === '' || SPACE.test(next.charAt(0)) || '.,|:()'.includes(next.charAt(0)) || next === RIGHT) {
      return take(type, length)
    }
    return fail(`bad character ${describeCharacter(start + length)}`)
  }
  function describeCharacter(at: number): string {
    const code = input.codePointAt(at) ?? 0
    const character = String.fromCodePoint(code)
    const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    return PRINTABLE.test(character) ? `${name} '${character}'` : name
  }

  function word(): Token {
    const text = match(WORD, start)
    const keyword = KEYWORDS.find((each) => each === text)
    const constant: TokenType = text === 'true' || text === 'false' ? 'bool' : 'identifier'
    return terminated(keyword ?? constant, text.length)
  }

  function fieldOrVariable(type: 'field' | 'variable'): Token {
    const { length } = match(WORD, start + 1)
    const bare: TokenType = type === 'field' ? '.' : 'variable'
    return terminated(length === 0 ? bare : type, length + 1)
  }

  function number(): Token {
    const first = numberAt(start)
    const isBad = (end: number) => WORD_CHARACTER.test(characterAt(end))
    const bad = (end: number) => {
      const cut = isBad(end) ? end + characterAt(end).length : end
      return fail(`bad number syntax: ${goQuote(input.slice(start, cut))}`)
    }
    const end = start + first.length
    if (isBad(end)) return bad(end)
    if (!'+-'.includes(input.charAt(end)) || input.charAt(end) === '') return take('number', first.length)
    const second = numberAt(end)
    const whole = end + second.length
    return isBad(whole) || !second.endsWith('i') ? bad(whole) : take('complex', whole - start)
  }
  const numberAt = (at: number) =>
    match(HEX, at) || match(OCTAL, at) || match(BINARY, at) || match(DECIMAL, at)
  const characterAt = (at: number) => String.fromCodePoint(input.codePointAt(at) ?? 0x20)

  function literal(pattern: RegExp, type: TokenType, what: string): Token {
    const { length } = match(pattern, start)
    return length === 0 ? fail(`unterminated ${what}`) : take(type, length)
  }

  /** Spaces before a trimming delimiter give the last one of them to it. */
  function space(): Token {
    const { length } = match(SPACES, start)
    const isTrimming = input.startsWith(`-${RIGHT}`, start + length)
    return take('space', isTrimming ? length - 1 : length)
  }

  function paren(character: '(' | ')'): Token {
    depth += character === '(' ? 1 : -1
    if (depth < 0) return fail('unexpected right paren')
    return take(character === '(' ? 'left-paren' : 'right-paren', 1)
  }

  function other(character: string): Token {
    if (SPACE.test(character)) return space()
    const single = SINGLE[character]
    if (single !== undefined) return take(single, 1)
    if (/[+\-\d]/.test(character)) return number()
    if (WORD_CHARACTER.test(characterAt(start))) return word()
    if (/[!-~]/.test(character)) return take('char', 1)
    return fail(`unrecognized character in action: ${describeCharacter(start)}`)
  }

  function inAction(): Token {
    const character = input.charAt(start)
    switch (character) {
      case '':
        return fail('unclosed action')
      case ':':
        return input.charAt(start + 1) === '=' ? take('declare', 2) : fail('expected :=')
      case '"':
        return literal(QUOTED, 'string', 'quoted string')
      case '`':
        return literal(RAW, 'raw-string', 'raw quoted string')
      case "'":
        return literal(CHAR_CONSTANT, 'char-constant', 'character constant')
      case '$':
        return fieldOrVariable('variable')
      case '.':
        return /^$|\d/.test(input.charAt(start + 1)) ? number() : fieldOrVariable('field')
      case '(':
      case ')':
        return paren(character)
      default:
        return other(character)
    }
  }

  /** The text before the next action, or before the end. */
  function* outside(open: number): Generator<Token, void> {
    const end = open < 0 ? input.length : open
    const isTrimmed = open >= 0 && opensTrimmed(open)
    const text = isTrimmed ? trimmedEnd(input, start, end) : end
    if (text > start) yield take('text', text - start)
    pass(end - start)
  }

  /** An action with its delimiters; whether it was whole. */
  function* action(): Generator<Token, boolean> {
    const isTrimmed = opensTrimmed(start)
    yield take('left-delimiter', 2)
    if (isTrimmed) pass(2)
    depth = 0
    let length = closing(start)
    for (; length === 0; length = closing(start)) {
      const token = inAction()
      yield token
      if (token.type === 'error') return false
    }
    if (depth > 0) {
      yield fail('unclosed left paren')
      return false
    }
    pass(length - 2)
    yield take('right-delimiter', 2)
    if (length === 4) pass(match(SPACES, start).length)
    return true
  }

  for (;;) {
    const open = input.indexOf(LEFT, start)
    yield* outside(open)
    if (open < 0) break
    const skipped = comment()
    if (skipped === 'passed') continue
    if (skipped !== undefined) {
      yield skipped
      return
    }
    if (!(yield* action())) return
  }
  yield { type: 'eof', text: '', start, line }
}

/** Where the text that ends at `end` ends without its last spaces. */
function trimmedEnd(input: string, start: number, end: number): number {
  let at = end
  while (at > start && SPACE.test(input.charAt(at - 1))) at--
  return at
}
