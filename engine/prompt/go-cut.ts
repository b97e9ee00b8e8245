import type {
  ActionNode,
  BranchNode,
  GoTemplate,
  ListNode,
  Node,
  OperandNode,
  PipeNode,
} from '../../formats/go-template/nodes.ts'

/**
 * The template without everything behind the first value that prints `.Response`: the answer is to follow there
 * (ollama template/template.go, `deleteNode`). Conditions do not count.
 */
export function cutBehindResponse(template: GoTemplate): GoTemplate {
  let isCut = false

  function cutList(list: ListNode): ListNode {
    return { ...list, nodes: list.nodes.flatMap((node) => (isCut ? [] : (cutNode(node) ?? []))) }
  }
  function cutNode(node: Node): Node | undefined {
    if (node.type === 'action') return cutAction(node)
    if (node.type === 'if' || node.type === 'with' || node.type === 'range') return cutBranch(node)
    return node
  }
  function cutBranch(node: BranchNode): BranchNode {
    const list = cutList(node.list)
    return { ...node, list, elseList: node.elseList && cutList(node.elseList) }
  }
  function cutAction(node: ActionNode): ActionNode | undefined {
    const pipe = cutPipe(node.pipe)
    return pipe && { ...node, pipe }
  }
  function cutPipe(pipe: PipeNode): PipeNode | undefined {
    const commands = pipe.commands.flatMap((command) => {
      const [first, ...rest] = command.args.flatMap((arg) => cutOperand(arg) ?? [])
      return first === undefined ? [] : [{ ...command, args: [first, ...rest] as typeof command.args }]
    })
    return commands.length === 0 ? undefined : { ...pipe, commands }
  }
  function cutOperand(node: OperandNode): OperandNode | undefined {
    if (isCut) return undefined
    if (node.type === 'field' && node.names.includes('Response')) isCut = true
    return node.type === 'pipe' ? cutPipe(node) : node
  }

  return { ...template, root: cutList(template.root) }
}
