/** Reads templates in the syntax of Go's text/template (parse/parse.go), with the errors that Go's parser gives. */

import { goQuote } from '../go-quote.ts'
import { GoTemplateError } from './error.ts'
import { MAX_TEMPLATE_LENGTH } from './limits.ts'
import type { BranchNode, GoTemplate, JumpNode, ListNode, Node, PipeNode, TemplateNode } from './nodes.ts'
import { parsePipeline, type Scope, worded } from './parse-pipeline.ts'
import type { Token } from './token.ts'
import { createTokenReader, openSource, type Source, type TokenReader } from './token-reader.ts'
import { unquote } from './unquote.ts'

/** One template while it is parsed: the text as a whole, or a definition in it. */
interface Parser {
  reader: TokenReader
  source: Source
  templates: Map<string, ListNode>
  scope: Scope
  /** Loops that a `break` here can leave. */
  rangeDepth: number
}

/** What ends a list of nodes. */
interface End {
  type: 'end' | 'else'
  at: number
}

/**
 * Parses a template. Throws GoTemplateError in the words of Go, such as `template: :1: unclosed action`, and when the
 * text is too long or too deeply nested.
 */
export function parseGoTemplate(text: string): GoTemplate {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    throw new GoTemplateError(`template: :1: longer than ${MAX_TEMPLATE_LENGTH} characters`)
  }
  const templates = new Map<string, ListNode>()
  const parser = createParser(openSource(text), templates)
  const root = parseText(parser)
  addTemplate(parser, '', root)
  return { text, root, templates }
}

const createParser = (source: Source, templates: Map<string, ListNode>): Parser => ({
  reader: createTokenReader(source),
  source,
  templates,
  scope: ['$'],
  rangeDepth: 0,
})

function parseText(parser: Parser): ListNode {
  const { reader } = parser
  const root: ListNode = { type: 'list', at: reader.peek().start, nodes: [] }
  while (reader.peek().type !== 'eof') {
    if (takesDefinition(parser)) continue
    const node = parseTextOrAction(parser)
    if (isEnd(node)) return reader.fail(`unexpected {{${node.type}}}`)
    root.nodes.push(node)
  }
  return root
}

function takesDefinition(parser: Parser): boolean {
  const { reader, source, templates } = parser
  if (reader.peek().type !== 'left-delimiter') return false
  const delimiter = reader.next()
  const token = reader.nextNonSpace()
  if (token.type !== 'define') {
    reader.putBack(delimiter, token)
    return false
  }
  const inner = createParser(source, templates)
  const name = parseName(inner.reader, inner.reader.nextNonSpace(), 'define clause')
  inner.reader.expect('right-delimiter', 'define clause')
  defineTemplate(inner, name, 'define clause')
  return true
}

/** Reads a template's nodes up to its `end` and keeps them under its name. `outer` words the error of a wrong end. */
function defineTemplate(parser: Parser, name: string, context: string, outer = parser.reader): void {
  const [list, end] = parser.reader.nested(() => parseList(parser))
  if (end.type !== 'end') outer.fail(`unexpected {{${end.type}}} in ${context}`)
  addTemplate(parser, name, list)
}

/** A template without content may be defined again, and does not take the place of another. */
function addTemplate({ reader, templates }: Parser, name: string, list: ListNode): void {
  const known = templates.get(name)
  if (known === undefined || isEmpty(known)) templates.set(name, list)
  else if (!isEmpty(list)) reader.fail(`template: multiple definition of template ${goQuote(name)}`)
}

const isEmpty = ({ nodes }: ListNode): boolean =>
  nodes.every((node) => node.type === 'text' && node.text.trim() === '')

/** The nodes up to the next `end` or `else` of this level. */
function parseList(parser: Parser): [ListNode, End] {
  const { reader } = parser
  const list: ListNode = { type: 'list', at: reader.peekNonSpace().start, nodes: [] }
  while (reader.peekNonSpace().type !== 'eof') {
    const node = parseTextOrAction(parser)
    if (isEnd(node)) return [list, node]
    list.nodes.push(node)
  }
  return reader.fail('unexpected EOF')
}

const isEnd = (node: Node | End): node is End => node.type === 'end' || node.type === 'else'

function parseTextOrAction(parser: Parser): Node | End {
  const { reader } = parser
  const token = reader.nextNonSpace()
  if (token.type === 'text') return { type: 'text', at: token.start, text: token.text }
  if (token.type !== 'left-delimiter') reader.unexpected(token, 'input')
  reader.actionLine = token.line
  const node = parseAction(parser)
  reader.actionLine = 0
  return node
}

function parseAction(parser: Parser): Node | End {
  const { reader, scope } = parser
  const token = reader.nextNonSpace()
  switch (token.type) {
    case 'block':
      return parseBlock(parser)
    case 'break':
    case 'continue':
      return parseJump(parser, token.type, token.start)
    case 'else':
      return parseElse(reader)
    case 'end':
      return { type: 'end', at: reader.expect('right-delimiter', 'end').start }
    case 'if':
    case 'range':
    case 'with':
      return parseBranch(parser, token.type)
    case 'template':
      return parseTemplateCall(parser)
    default:
      reader.putBack(token)
      // Variables declared here live until the end of the block.
      return {
        type: 'action',
        at: reader.peek().start,
        pipe: parsePipeline(reader, scope, 'command', 'right-delimiter'),
      }
  }
}

function parseJump({ reader, rangeDepth }: Parser, type: JumpNode['type'], at: number): JumpNode {
  const token = reader.nextNonSpace()
  if (token.type !== 'right-delimiter') reader.unexpected(token, `{{${type}}}`)
  if (rangeDepth === 0) reader.fail(`{{${type}}} outside {{range}}`)
  return { type, at }
}

/** `else if` and `else with` leave their word to the block they belong to. */
function parseElse(reader: TokenReader): End {
  const next = reader.peekNonSpace()
  if (next.type === 'if' || next.type === 'with') return { type: 'else', at: next.start }
  return { type: 'else', at: reader.expect('right-delimiter', 'else').start }
}

function parseBranch(parser: Parser, type: BranchNode['type']): BranchNode {
  const { reader, scope } = parser
  return reader.nested(() => {
    const variables = scope.length
    const pipe = parsePipeline(reader, scope, type, 'right-delimiter')
    if (type === 'range') parser.rangeDepth++
    const [list, end] = parseList(parser)
    if (type === 'range') parser.rangeDepth--
    const elseList = end.type === 'else' ? parseElseList(parser, type, end.at) : undefined
    scope.length = variables
    return { type, at: pipe.at, pipe, list, elseList }
  })
}

/** Behind an `else`: an `if` behind that of an `if` is one more block, which the same `end` closes. */
function parseElseList(parser: Parser, type: BranchNode['type'], at: number): ListNode {
  const { reader } = parser
  if (type !== 'range' && reader.peek().type === type) {
    reader.next()
    return { type: 'list', at, nodes: [parseBranch(parser, type)] }
  }
  const [list, end] = parseList(parser)
  if (end.type !== 'end') reader.fail(`expected end; found {{${end.type}}}`)
  return list
}

function parseBlock(parser: Parser): TemplateNode {
  const { reader, scope, source, templates } = parser
  const context = 'block clause'
  const token = reader.nextNonSpace()
  const name = parseName(reader, token, context)
  const pipe = parsePipeline(reader, scope, context, 'right-delimiter')
  defineTemplate(createParser(source, templates), name, context, reader)
  return { type: 'template', at: token.start, name, pipe }
}

function parseTemplateCall({ reader, scope }: Parser): TemplateNode {
  const context = 'template clause'
  const token = reader.nextNonSpace()
  const name = parseName(reader, token, context)
  const next = reader.nextNonSpace()
  let pipe: PipeNode | undefined
  if (next.type !== 'right-delimiter') {
    reader.putBack(next)
    pipe = parsePipeline(reader, scope, context, 'right-delimiter')
  }
  return { type: 'template', at: token.start, name, pipe }
}

function parseName(reader: TokenReader, token: Token, context: string): string {
  if (token.type !== 'string' && token.type !== 'raw-string') reader.unexpected(token, context)
  return worded(reader, () => unquote(token.text))
}
