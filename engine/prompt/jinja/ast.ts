import { parse, tokenize } from '@huggingface/jinja'
import { withTestArguments } from './test-arguments.ts'

/** An operator as the lexer saw it, such as `==` or `not in`. */
interface Operator {
  value: string
}

export interface Identifier {
  type: 'Identifier'
  value: string
}

interface KeywordArgument {
  type: 'KeywordArgumentExpression'
  key: Identifier
  value: Node
}

export interface Call {
  type: 'CallExpression'
  callee: Node
  args: Node[]
}

export interface Member {
  type: 'MemberExpression'
  object: Node
  property: Node
  /** `a[b]` rather than `a.b`. */
  computed: boolean
}

export interface Slice {
  type: 'SliceExpression'
  start: Node | undefined
  stop: Node | undefined
  step: Node | undefined
}

export interface Binary {
  type: 'BinaryExpression'
  operator: Operator
  left: Node
  right: Node
}

interface Select {
  type: 'SelectExpression'
  lhs: Node
  test: Node
}

export interface For {
  type: 'For'
  loopvar: Node
  iterable: Node
  body: Node[]
  defaultBlock: Node[]
}

export interface SetStatement {
  type: 'Set'
  assignee: Node
  value: Node | null
  body: Node[]
}

/** A macro parameter: a name, or a name with a default. */
export type Parameter = Identifier | KeywordArgument

export interface Macro {
  type: 'Macro'
  name: Identifier
  args: Parameter[]
  body: Node[]
}

export interface CallStatement {
  type: 'CallStatement'
  call: Call
  callerArgs: Parameter[] | null
  body: Node[]
}

/** The syntax tree of @huggingface/jinja, of which its type declarations show nothing under NodeNext. */
export type Node =
  | { type: 'Program'; body: Node[] }
  | { type: 'If'; test: Node; body: Node[]; alternate: Node[] }
  | For
  | SetStatement
  | Macro
  | CallStatement
  | { type: 'FilterStatement'; filter: Identifier | Call; body: Node[] }
  | { type: 'Break' }
  | { type: 'Continue' }
  | { type: 'Comment'; value: string }
  | Identifier
  | { type: 'IntegerLiteral' | 'FloatLiteral'; value: number }
  | { type: 'StringLiteral'; value: string }
  | { type: 'ArrayLiteral' | 'TupleLiteral'; value: Node[] }
  | { type: 'ObjectLiteral'; value: Map<Node, Node> }
  | Member
  | Slice
  | Call
  | Binary
  | { type: 'UnaryExpression'; operator: Operator; argument: Node }
  | { type: 'FilterExpression'; operand: Node; filter: Identifier | Call }
  | { type: 'TestExpression'; operand: Node; negate: boolean; test: Identifier }
  | Select
  | { type: 'Ternary'; condition: Node; trueExpr: Node; falseExpr: Node }
  | KeywordArgument
  | { type: 'SpreadExpression' | 'KeywordSpreadExpression'; argument: Node }

/**
 * Longest run of white space a template may have. The library's lexer looks for `{% generation %}` with a
 * pattern that takes quadratic time over such runs.
 */
const MAX_BLANK_RUN = 500

/** Parses a template as Hugging Face does (`trim_blocks`, `lstrip_blocks`). Throws Error on bad syntax. */
export function parseJinja(source: string): Node[] {
  if (longestBlankRun(source) > MAX_BLANK_RUN) {
    throw new Error(`more than ${MAX_BLANK_RUN} white-space characters in a row`)
  }
  const tokens = withTestArguments(tokenize(source, { trim_blocks: true, lstrip_blocks: true }))
  const program: { body: Node[] } = parse(tokens)
  return program.body
}

function longestBlankRun(text: string): number {
  let longest = 0
  let start = -1
  for (let i = 0; i <= text.length; i++) {
    const isBlank = i < text.length && text.charAt(i).trim() === ''
    if (isBlank && start < 0) start = i
    if (!isBlank && start >= 0) {
      longest = Math.max(longest, i - start)
      start = -1
    }
  }
  return longest
}
