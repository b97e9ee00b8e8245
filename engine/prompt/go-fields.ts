import type { CommandNode, GoTemplate, ListNode, Node, OperandNode } from '../../formats/go-template/nodes.ts'

export type AnyNode = Node | ListNode | CommandNode | OperandNode

/** Calls `enter` for a node and everything in it, in the order of the text, with what it is inside of. */
export function visit(
  node: AnyNode,
  enter: (node: AnyNode, ancestors: readonly AnyNode[]) => void,
  ancestors: readonly AnyNode[] = [],
): void {
  enter(node, ancestors)
  const inside = [...ancestors, node]
  for (const child of childrenOf(node)) visit(child, enter, inside)
}

function childrenOf(node: AnyNode): readonly AnyNode[] {
  switch (node.type) {
    case 'list':
      return node.nodes
    case 'if':
    case 'range':
    case 'with':
      return [node.pipe, node.list, ...(node.elseList === undefined ? [] : [node.elseList])]
    case 'action':
      return [node.pipe]
    case 'template':
      return node.pipe === undefined ? [] : [node.pipe]
    case 'pipe':
      return node.commands
    case 'command':
      return node.args
    case 'chain':
      return [node.node]
    default:
      return []
  }
}

/** The names of all fields and variables a template uses, in lower case: Ollama asks whatever their case is. */
export function fieldNames({ root, templates }: GoTemplate): ReadonlySet<string> {
  const names = new Set<string>()
  const note = (node: AnyNode) => {
    if (node.type === 'variable') names.add(node.name.toLowerCase())
    for (const name of fieldsOf(node)) names.add(name.toLowerCase())
  }
  for (const list of new Set([root, ...templates.values()])) visit(list, note)
  return names
}

/** The chain of fields a node names. */
export function fieldsOf(node: AnyNode): readonly string[] {
  if (node.type === 'field') return node.names
  return node.type === 'variable' || node.type === 'chain' ? node.fields : []
}
