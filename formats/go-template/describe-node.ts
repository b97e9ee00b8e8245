import { goQuote } from '../go-quote.ts'
import type { BranchNode, CommandNode, ListNode, Node, OperandNode, PipeNode } from './nodes.ts'

/** A node as Go writes it back (parse/node.go); errors of a run quote the node they are about. */
export function describeNode(node: OperandNode | CommandNode | Node | ListNode): string {
  switch (node.type) {
    case 'text':
      return node.text
    case 'action':
      return `{{${describePipe(node.pipe)}}}`
    case 'if':
    case 'range':
    case 'with':
      return describeBranch(node)
    case 'template':
      return `{{template ${goQuote(node.name)}${node.pipe === undefined ? '' : ` ${describePipe(node.pipe)}`}}}`
    case 'break':
    case 'continue':
      return `{{${node.type}}}`
    case 'list':
      return node.nodes.map(describeNode).join('')
    case 'pipe':
      return describePipe(node)
    case 'command':
      return node.args.map(inParentheses).join(' ')
    default:
      return describeOperand(node)
  }
}

function describeOperand(node: Exclude<OperandNode, PipeNode>): string {
  switch (node.type) {
    case 'bool':
      return String(node.value)
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'number':
      return node.text
    case 'string':
      return node.quoted
    case 'field':
      return node.names.map((name) => `.${name}`).join('')
    case 'variable':
      return [node.name, ...node.fields].join('.')
    case 'chain':
      return [inParentheses(node.node), ...node.fields].join('.')
    case 'identifier':
      return node.name
  }
}

const inParentheses = (node: OperandNode): string =>
  node.type === 'pipe' ? `(${describePipe(node)})` : describeNode(node)

function describePipe({ declared, isAssign, commands }: PipeNode): string {
  const names = declared.length === 0 ? '' : `${declared.join(', ')} ${isAssign ? '=' : ':='} `
  return names + commands.map(describeNode).join(' | ')
}

function describeBranch({ type, pipe, list, elseList }: BranchNode): string {
  const otherwise = elseList === undefined ? '' : `{{else}}${describeNode(elseList)}`
  return `{{${type} ${describePipe(pipe)}}}${describeNode(list)}${otherwise}{{end}}`
}
