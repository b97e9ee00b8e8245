import { goQuote } from '../go-quote.ts'

/** The words that are not names of functions. The dot and nil count as such when an error quotes them. */
export const KEYWORDS = [
  '.',
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const
export type Keyword = (typeof KEYWORDS)[number]

export type TokenType =
  | Keyword
  | 'assign'
  | 'bool'
  | 'char'
  | 'char-constant'
  | 'complex'
  | 'declare'
  | 'eof'
  | 'error'
  | 'field'
  | 'identifier'
  | 'left-delimiter'
  | 'left-paren'
  | 'number'
  | 'pipe'
  | 'raw-string'
  | 'right-delimiter'
  | 'right-paren'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'

export interface Token {
  type: TokenType
  /** As it is written; of an error, what is wrong. */
  text: string
  /** Where it starts, in UTF-16 units. */
  start: number
  /** The line it starts on, from 1. */
  line: number
}

const isKeyword = (type: TokenType): type is Keyword => (KEYWORDS as readonly string[]).includes(type)

/** A token as Go's parser names it in its errors. */
export function describeToken({ type, text }: Token): string {
  if (type === 'eof') return 'EOF'
  if (type === 'error') return text
  if (isKeyword(type)) return `<${text}>`
  // Go measures bytes and then cuts to characters.
  if (Buffer.byteLength(text) > 10) return `${goQuote([...text.slice(0, 20)].slice(0, 10).join(''))}...`
  return goQuote(text)
}
