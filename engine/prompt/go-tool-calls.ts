import type { BranchNode, ListNode, Node, TextNode } from '../../formats/go-template/nodes.ts'
import type { CompiledGoTemplate } from './go-compile.ts'
import { fieldsOf } from './go-fields.ts'
import { renderGo } from './go-render.ts'
import { goThinkingTags } from './go-thinking.ts'
import type { TemplateInput } from './template.ts'
import { jsonFormat } from './tool-format/json-format.ts'
import { familyFormat, toldFormat, withLeadIns } from './tool-format/known.ts'
import { learnedFormat } from './tool-format/learn.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** Read once a template, as long as the compiled template is remembered. */
const formats = new WeakMap<CompiledGoTemplate, ToolCallFormat>()

/**
 * How a model writes calls, by the template in Go's syntax: learned from what it renders, as with any template. Where
 * that tells nothing, what stands first where the template prints `.ToolCalls` marks JSON (ollama tools/template.go).
 */
export function goToolCallFormat(compiled: CompiledGoTemplate): ToolCallFormat {
  const remembered = formats.get(compiled)
  if (remembered !== undefined) return remembered
  const { text } = compiled.template
  const think = { Think: false, ThinkLevel: '', IsThinkSet: false }
  const rendered = {
    render: ({ messages, tools = [], now }: TemplateInput) =>
      renderGo(compiled, { messages, tools, think, now }),
  }
  const learned = familyFormat(text) ?? learnedFormat(rendered, goThinkingTags(compiled.template))
  const format = withLeadIns(learned ?? taggedFormat(compiled), text)
  formats.set(compiled, format)
  return format
}

function taggedFormat(compiled: CompiledGoTemplate): ToolCallFormat {
  const open = callTag(compiled)
  if (open === '{') return toldFormat(compiled.template.text)
  const twin = open.replace(/^([<[])/, '$1/')
  const isClosed = twin !== open && compiled.template.text.includes(twin)
  return jsonFormat({ open, ...(isClosed ? { close: twin } : {}) })
}

/** Brackets are no tags: they only count at the start of an answer. */
function callTag({ template }: CompiledGoTemplate): string {
  const branch = findBranch(template.root, 'if') ?? findBranch(template.root, 'range')
  const text = branch && findText(branch.list)?.text
  const tag = text?.replaceAll('\r\n', '\n').split('{', 1).join('').trim() ?? ''
  // The bracket of a list is no part of its tag: models put spaces before it or none.
  return tag.replace(/\s*\[$/, '') || '{'
}

/** The first block of this kind that asks for `.ToolCalls`. */
function findBranch(list: ListNode, type: BranchNode['type']): BranchNode | undefined {
  for (const node of list.nodes) {
    if (!isBranch(node)) continue
    if (node.type === type && asksForCalls(node)) return node
    const found = findBranch(node.list, type) ?? (node.elseList && findBranch(node.elseList, type))
    if (found !== undefined) return found
  }
  return undefined
}

const isBranch = (node: Node): node is BranchNode =>
  node.type === 'if' || node.type === 'range' || node.type === 'with'

const asksForCalls = ({ pipe }: BranchNode): boolean =>
  pipe.commands.some(({ args }) => args.some((arg) => fieldsOf(arg).includes('ToolCalls')))

/** The first text that is not blank, unless a value is printed before it. */
function findText(list: ListNode): TextNode | undefined {
  for (const node of list.nodes) {
    if (node.type === 'text' && node.text.trim() !== '') return node
    if (isBranch(node)) return findText(node.list) ?? (node.elseList && findText(node.elseList))
    if (node.type === 'action') return undefined
  }
  return undefined
}
