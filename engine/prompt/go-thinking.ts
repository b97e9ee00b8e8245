import type { GoTemplate, ListNode } from '../../formats/go-template/nodes.ts'
import { type AnyNode, fieldsOf, visit } from './go-fields.ts'
import type { ThinkingTags } from './thinking-tags.ts'

/**
 * The tags a template puts around the thoughts of messages: the texts at both ends of the nearest list around a
 * `.Thinking` whose nearest loop is over `.Messages`; the last such text wins (ollama thinking/template.go).
 * Undefined when one of them is missing.
 */
export function goThinkingTags({ root }: GoTemplate): ThinkingTags | undefined {
  let open = ''
  let close = ''
  visit(root, (node, ancestors) => {
    if (node.type !== 'field' || node.names[0] !== 'Thinking' || !isInMessages(ancestors)) return
    const list = ancestors.findLast((each): each is ListNode => each.type === 'list')
    const first = list?.nodes[0]
    const last = list?.nodes.at(-1)
    if (first?.type === 'text') open = first.text.trim()
    if (last?.type === 'text') close = last.text.trim()
  })
  return open === '' || close === '' ? undefined : { open, close }
}

function isInMessages(ancestors: readonly AnyNode[]): boolean {
  const loop = ancestors.findLast((each) => each.type === 'range')
  let isOverMessages = false
  if (loop?.type === 'range') {
    visit(loop.pipe, (node) => {
      isOverMessages ||= fieldsOf(node)[0] === 'Messages'
    })
  }
  return isOverMessages
}
