import { GoTemplateError } from './error.ts'
import { lex } from './lex.ts'
import { MAX_NESTING } from './limits.ts'
import { describeToken, type Token, type TokenType } from './token.ts'

/** What all templates of one text share while it is parsed. */
export interface Source {
  next(): Token
  /** Open blocks and parentheses. */
  depth: number
}

export function openSource(text: string): Source {
  const tokens = lex(text)
  let last: Token = { type: 'eof', text: '', start: 0, line: 1 }
  return {
    next() {
      const { value, done } = tokens.next()
      if (!done) last = value
      return last
    },
    depth: 0,
  }
}

/** Reads tokens with up to three to look ahead, and words errors as Go's parser does. */
export interface TokenReader {
  next(): Token
  peek(): Token
  nextNonSpace(): Token
  peekNonSpace(): Token
  /** Puts back tokens that were read, in the order in which they were. */
  putBack(...tokens: Token[]): void
  expect(type: TokenType, context: string): Token
  /** The line on which the action that is being read began; 0 outside of actions. */
  actionLine: number
  fail(message: string): never
  unexpected(token: Token, context: string): never
  /** Does the work one level deeper; refuses when it is too deep. */
  nested<T>(work: () => T): T
}

export function createTokenReader(source: Source): TokenReader {
  const ahead: Token[] = []
  /** Of the token that the lexer gave last, however many have been put back. */
  let line = 0

  const reader: TokenReader = {
    actionLine: 0,
    next() {
      const waiting = ahead.shift()
      if (waiting !== undefined) return waiting
      const token = source.next()
      line = token.line
      return token
    },
    peek() {
      const token = reader.next()
      ahead.unshift(token)
      return token
    },
    nextNonSpace() {
      let token = reader.next()
      while (token.type === 'space') token = reader.next()
      return token
    },
    peekNonSpace() {
      const token = reader.nextNonSpace()
      ahead.unshift(token)
      return token
    },
    putBack(...tokens) {
      ahead.unshift(...tokens)
    },
    expect(type, context) {
      const token = reader.nextNonSpace()
      if (token.type !== type) reader.unexpected(token, context)
      return token
    },
    fail(message) {
      throw new GoTemplateError(`template: :${line}: ${message}`)
    },
    unexpected(token, context) {
      if (token.type !== 'error') reader.fail(`unexpected ${describeToken(token)} in ${context}`)
      const isElsewhere = reader.actionLine !== 0 && reader.actionLine !== token.line
      // Not "action in action".
      const prefix = token.text.endsWith(' action') ? '' : ' in action'
      reader.fail(token.text + (isElsewhere ? `${prefix} started at :${reader.actionLine}` : ''))
    },
    nested(work) {
      if (source.depth >= MAX_NESTING) reader.fail(`nested deeper than ${MAX_NESTING} levels`)
      source.depth++
      const result = work()
      source.depth--
      return result
    },
  }
  return reader
}
