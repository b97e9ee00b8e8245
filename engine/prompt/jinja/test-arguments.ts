/** A token of the library's lexer. */
export interface Token {
  type: string
  value: string
}

/** Tests that take an argument. Other names are left alone, so that `x is defined and (y)` keeps its meaning. */
const TESTS = new Set('in eq equalto ne sameas divisibleby lt lessthan le gt greaterthan ge'.split(' '))

const OPENING = new Set(['OpenParen', 'OpenSquareBracket', 'OpenCurlyBracket'])
const CLOSING = new Set(['CloseParen', 'CloseSquareBracket', 'CloseCurlyBracket'])

/** Prefix of the filter that stands for a test with an argument, and for its negation. */
export const TEST_FILTER = 'is '
export const NOT_TEST_FILTER = 'is not '

/**
 * The library's parser knows no test with an argument. `x is in [a]` is rewritten to the filter `x | "is in"([a])`,
 * which binds the same way; no template can name a filter with a space in it. Linear in the number of tokens.
 */
export function withTestArguments(tokens: readonly Token[]): Token[] {
  const closing = closingBrackets(tokens)
  const open: number[] = []
  const made: Token[] = []
  for (let at = 0; at <= tokens.length; at++) {
    while (open.at(-1) === at) {
      open.pop()
      made.push({ type: 'CloseParen', value: ')' })
    }
    const test = testAt(tokens, at, closing)
    if (test !== undefined) {
      made.push({ type: 'Pipe', value: '|' }, { type: 'Identifier', value: test.filter })
      if (!test.isCall) {
        made.push({ type: 'OpenParen', value: '(' })
        open.push(test.end)
      }
      at = test.start - 1
      continue
    }
    made.push(...tokens.slice(at, at + 1))
  }
  return made
}

interface TestUse {
  filter: string
  isCall: boolean
  /** Where its argument starts and ends. */
  start: number
  end: number
}

function testAt(tokens: readonly Token[], at: number, closing: Map<number, number>): TestUse | undefined {
  if (!isWord(tokens[at], 'is')) return undefined
  const isNegated = isWord(tokens[at + 1], 'not')
  const name = tokens[at + (isNegated ? 2 : 1)]
  const start = at + (isNegated ? 3 : 2)
  if (name?.type !== 'Identifier' || !TESTS.has(name.value)) return undefined
  const end = endOfOperand(tokens, start, closing)
  if (end === undefined) return undefined
  const isCall = tokens[start]?.type === 'OpenParen'
  return { filter: (isNegated ? NOT_TEST_FILTER : TEST_FILTER) + name.value, isCall, start, end }
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.type === 'Identifier' && token.value === word
}

/** Where a bracketed group, or a single name or literal with what hangs on it (`a.b[c]`), ends. */
function endOfOperand(
  tokens: readonly Token[],
  start: number,
  closing: Map<number, number>,
): number | undefined {
  const isAtom = ['Identifier', 'StringLiteral', 'NumericLiteral'].includes(tokens[start]?.type ?? '')
  let end = isAtom ? start + 1 : closing.get(start)
  while (isAtom && end !== undefined) {
    const next = tokens[end]?.type === 'Dot' ? end + 2 : closing.get(end)
    if (next === undefined) break
    end = next
  }
  return end
}

/** By the place of each opening bracket, the place behind its closing one. */
function closingBrackets(tokens: readonly Token[]): Map<number, number> {
  const closing = new Map<number, number>()
  const open: number[] = []
  for (const [at, token] of tokens.entries()) {
    if (OPENING.has(token.type)) open.push(at)
    if (!CLOSING.has(token.type)) continue
    const start = open.pop()
    if (start !== undefined) closing.set(start, at + 1)
  }
  return closing
}
