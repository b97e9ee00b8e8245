import { goQuote } from '../go-quote.ts'
import { describeNode } from './describe-node.ts'
import { GoTemplateError } from './error.ts'
import { isFunctionName } from './function-names.ts'
import { MAX_VARIABLES } from './limits.ts'
import type { CommandNode, NumberNode, OperandNode, PipeNode } from './nodes.ts'
import { numberValue } from './number.ts'
import type { Token, TokenType } from './token.ts'
import type { TokenReader } from './token-reader.ts'
import { unquote, unquoteCharacter } from './unquote.ts'

/** Variables in scope, the innermost last; blocks cut it back. */
export type Scope = string[]

const OPERANDS: ReadonlySet<TokenType> = new Set([
  'bool',
  'char-constant',
  'complex',
  '.',
  'field',
  'identifier',
  'number',
  'nil',
  'raw-string',
  'string',
  'variable',
  'left-paren',
])

/** What cannot be called with the value of the command before it. */
const CONSTANTS: ReadonlySet<OperandNode['type']> = new Set(['bool', 'dot', 'nil', 'number', 'string'])

/** Reads a pipeline and the token that ends it. `context` names it in errors; `range` may declare two variables. */
export function parsePipeline(
  reader: TokenReader,
  scope: Scope,
  context: string,
  end: 'right-delimiter' | 'right-paren',
): PipeNode {
  const at = reader.peekNonSpace().start
  const pipe: PipeNode = { type: 'pipe', at, isAssign: false, declared: [], commands: [] }
  parseDeclarations(reader, scope, context, pipe)
  for (;;) {
    const token = reader.nextNonSpace()
    if (token.type === end) {
      checkPipeline(reader, pipe, context)
      return pipe
    }
    if (!OPERANDS.has(token.type)) reader.unexpected(token, context)
    reader.putBack(token)
    pipe.commands.push(parseCommand(reader, scope))
  }
}

function parseDeclarations(reader: TokenReader, scope: Scope, context: string, pipe: PipeNode): void {
  while (reader.peekNonSpace().type === 'variable') {
    const sign = takeDeclared(reader, scope, pipe)
    if (sign === undefined) return
    pipe.isAssign = sign === 'assign'
    if (sign !== 'char') return
    // Behind a comma.
    if (context !== 'range' || pipe.declared.length > 1) reader.fail(`too many declarations in ${context}`)
    const { type } = reader.peekNonSpace()
    const isOpen = type === 'variable' || type === 'right-delimiter' || type === 'right-paren'
    if (!isOpen) reader.fail('range can only initialize variables')
  }
}

/** Reads a variable and the sign that declares it, or leaves both when it is only used. */
function takeDeclared(reader: TokenReader, scope: Scope, pipe: PipeNode): TokenType | undefined {
  const variable = reader.next()
  const after = reader.peek()
  const sign = reader.nextNonSpace()
  const isComma = sign.type === 'char' && sign.text === ','
  if (sign.type !== 'assign' && sign.type !== 'declare' && !isComma) {
    reader.putBack(...(after.type === 'space' ? [variable, after, sign] : [variable, sign]))
    return undefined
  }
  if (scope.length >= MAX_VARIABLES) reader.fail(`more than ${MAX_VARIABLES} variables`)
  pipe.declared.push(variable.text)
  scope.push(variable.text)
  return sign.type
}

function checkPipeline(reader: TokenReader, pipe: PipeNode, context: string): void {
  if (pipe.commands.length === 0) reader.fail(`missing value for ${context}`)
  for (const [index, command] of pipe.commands.entries()) {
    if (index > 0 && CONSTANTS.has(command.args[0].type)) {
      reader.fail(`non executable command in pipeline stage ${index + 1}`)
    }
  }
}

/** Operands between spaces, up to a pipe sign (which is taken) or the end of the pipeline (which is not). */
function parseCommand(reader: TokenReader, scope: Scope): CommandNode {
  const at = reader.peekNonSpace().start
  const args: OperandNode[] = []
  for (;;) {
    reader.putBack(reader.nextNonSpace())
    const operand = parseOperand(reader, scope)
    if (operand !== undefined) args.push(operand)
    const token = reader.next()
    if (token.type === 'space') continue
    if (token.type === 'right-delimiter' || token.type === 'right-paren') reader.putBack(token)
    else if (token.type !== 'pipe') reader.unexpected(token, 'operand')
    break
  }
  const [first, ...rest] = args
  if (first === undefined) reader.fail('empty command')
  return { type: 'command', at, args: [first, ...rest] }
}

/** A term and the fields behind it; nothing when there is no term. */
function parseOperand(reader: TokenReader, scope: Scope): OperandNode | undefined {
  const node = parseTerm(reader, scope)
  if (node === undefined || reader.peek().type !== 'field') return node
  const at = reader.peek().start
  const fields: string[] = []
  while (reader.peek().type === 'field') fields.push(reader.next().text.slice(1))
  switch (node.type) {
    case 'field':
      return { ...node, at, names: [...node.names, ...fields] }
    case 'variable':
      return { ...node, at, fields: [...node.fields, ...fields] }
    case 'bool':
    case 'string':
    case 'number':
    case 'nil':
    case 'dot':
      return reader.fail(`unexpected . after term ${goQuote(describeNode(node))}`)
    default:
      return { type: 'chain', at, node, fields }
  }
}

function parseTerm(reader: TokenReader, scope: Scope): OperandNode | undefined {
  const token = reader.nextNonSpace()
  const { text, start: at } = token
  switch (token.type) {
    case 'identifier':
      if (!isFunctionName(text)) reader.fail(`function ${goQuote(text)} not defined`)
      return { type: 'identifier', at, name: text }
    case '.':
      return { type: 'dot', at }
    case 'nil':
      return { type: 'nil', at }
    case 'variable':
      if (!scope.includes(text)) reader.fail(`undefined variable ${goQuote(text)}`)
      return { type: 'variable', at, name: text, fields: [] }
    case 'field':
      return { type: 'field', at, names: [text.slice(1)] }
    case 'bool':
      return { type: 'bool', at, value: text === 'true' }
    case 'char-constant':
    case 'complex':
    case 'number':
      return { type: 'number', at, text, value: worded(reader, () => constant(token)) }
    case 'left-paren':
      return reader.nested(() => parsePipeline(reader, scope, 'parenthesized pipeline', 'right-paren'))
    case 'string':
    case 'raw-string':
      return { type: 'string', at, quoted: text, value: worded(reader, () => unquote(text)) }
    default:
      reader.putBack(token)
      return undefined
  }
}

const constant = ({ type, text }: Token): NumberNode['value'] =>
  type === 'char-constant' ? BigInt(unquoteCharacter(text)) : numberValue(text)

/** What a literal's reader says is wrong, with the place. */
export function worded<T>(reader: TokenReader, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error
    return reader.fail(error.message)
  }
}
