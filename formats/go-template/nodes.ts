/** A template's syntax tree; the kinds of nodes are those of Go's text/template/parse (node.go). */

interface At {
  /** Where it is in the text, in UTF-16 units; what Go's errors point at. */
  at: number
}

export interface TextNode extends At {
  type: 'text'
  text: string
}
export interface ActionNode extends At {
  type: 'action'
  pipe: PipeNode
}
export interface BranchNode extends At {
  type: 'if' | 'range' | 'with'
  pipe: PipeNode
  list: ListNode
  elseList: ListNode | undefined
}
/** Calls another template; a `block` is one that is defined where it is called. */
export interface TemplateNode extends At {
  type: 'template'
  name: string
  pipe: PipeNode | undefined
}
export interface JumpNode extends At {
  type: 'break' | 'continue'
}
export type Node = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode

export interface ListNode extends At {
  type: 'list'
  nodes: Node[]
}

export interface PipeNode extends At {
  type: 'pipe'
  /** The variables are set, not declared. */
  isAssign: boolean
  /** Names with their dollar sign. */
  declared: string[]
  commands: CommandNode[]
}
export interface CommandNode extends At {
  type: 'command'
  /** At least one. */
  args: [OperandNode, ...OperandNode[]]
}

/** `1+2i` and the like; no arithmetic is done with them. */
export interface ComplexValue {
  complex: string
}
export interface BoolNode extends At {
  type: 'bool'
  value: boolean
}
export interface DotNode extends At {
  type: 'dot'
}
export interface NilNode extends At {
  type: 'nil'
}
export interface NumberNode extends At {
  type: 'number'
  text: string
  /** An integer is a bigint, a float a number; `overflow` is an integer that only fits without a sign. */
  value: bigint | number | ComplexValue | 'overflow'
}
export interface StringNode extends At {
  type: 'string'
  quoted: string
  value: string
}
export interface FieldNode extends At {
  type: 'field'
  names: string[]
}
export interface VariableNode extends At {
  type: 'variable'
  /** With its dollar sign. */
  name: string
  fields: string[]
}
/** Fields of what is not a name: `(index .A 0).B`. */
export interface ChainNode extends At {
  type: 'chain'
  node: OperandNode
  fields: string[]
}
export interface IdentifierNode extends At {
  type: 'identifier'
  name: string
}
export type OperandNode =
  | BoolNode
  | DotNode
  | NilNode
  | NumberNode
  | StringNode
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | PipeNode

/** A parsed template with the templates that it defines. */
export interface GoTemplate {
  text: string
  root: ListNode
  /** By name, the root too, as the empty name. */
  templates: ReadonlyMap<string, ListNode>
}
