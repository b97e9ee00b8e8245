import type { Message, Tool, ToolCall } from '../types.ts'
import { type CompiledTemplate, compileTemplate } from './template.ts'
import type { Markup } from './tool-call-markup.ts'

/** How a model writes tool calls. */
export interface ToolCallFormat {
  /** What a call begins with; `{` when calls are bare JSON at the start of the answer. */
  open: string
  /** What ends a block of calls; undefined when nothing does. */
  close: string | undefined
  /** The syntax between the tags when it is not JSON. */
  markup: Markup | undefined
  /** The key a call's arguments have in the model's own JSON. */
  argumentsKey: 'arguments' | 'parameters'
  /** The model writes a list of calls, not one after another. */
  isList: boolean
}

/** Tags of the families of models there are, the more telling ones first. */
const TAGS: readonly (readonly [open: string, close: string | undefined])[] = [
  ['<tool_call>', '</tool_call>'],
  ['<minimax:tool_call>', '</minimax:tool_call>'],
  ['<seed:tool_call>', '</seed:tool_call>'],
  ['<TOOLCALL>', '</TOOLCALL>'],
  ['<function_call>', '</function_call>'],
  ['<functioncall>', '</functioncall>'],
  ['<|START_ACTION|>', '<|END_ACTION|>'],
  ['<|tools_prefix|>', '<|tools_suffix|>'],
  ['<|tool_call_start|>', '<|tool_call_end|>'],
  ['<|tool_calls_section_begin|>', '<|tool_calls_section_end|>'],
  ['<｜tool▁calls▁begin｜>', '<｜tool▁calls▁end｜>'],
  ['<|tool_call|>', undefined],
  ['[TOOL_CALLS]', undefined],
  ['<function=', '</function>'],
]

/**
 * Reads off a Jinja template how its model writes calls: by the tags of known families, else by rendering a call and
 * looking at what stands before it. A template that prints none gets bare JSON, as in ollama's tools package.
 */
export function toolCallFormat(template: string): ToolCallFormat {
  const compiled = compiledOrNone(template)
  const remembered = compiled && formats.get(compiled)
  if (remembered !== undefined) return remembered
  const format = readFormat(template, compiled)
  if (compiled !== undefined) formats.set(compiled, format)
  return format
}

/** Read once a template, as long as the compiled template is remembered. */
const formats = new WeakMap<CompiledTemplate, ToolCallFormat>()

function compiledOrNone(template: string): CompiledTemplate | undefined {
  try {
    return compileTemplate(template)
  } catch {
    // Whoever renders it hears what is wrong with it.
    return undefined
  }
}

function readFormat(template: string, compiled: CompiledTemplate | undefined): ToolCallFormat {
  const known = TAGS.find(([open]) => template.includes(open))
  const shown = compiled && shownCall(compiled)
  return describedFormat(known ?? (shown === undefined ? ['{'] : tagsAround(shown)), template, shown)
}

/** The format with these tags, completed by what a rendered call shows. */
export function describedFormat(
  [open, close]: readonly [open: string, close?: string | undefined],
  template: string,
  shown: ShownCall | undefined,
): ToolCallFormat {
  const before = shown?.before ?? ''
  const behindTag = open === '{' ? before : before.slice(before.indexOf(open) + open.length)
  return {
    open,
    close,
    markup: markupOf(template),
    argumentsKey: shown?.between.includes('parameters') ? 'parameters' : 'arguments',
    isList: behindTag.includes('['),
  }
}

/** What closes a block of calls that this tag opens, in a template that prints both. */
export function closingTag(open: string, template: string): string | undefined {
  const known = TAGS.find(([tag]) => tag === open)
  if (known !== undefined) return known[1]
  const twin = twinOf(open)
  return twin !== open && template.includes(twin) ? twin : undefined
}

const twinOf = (open: string): string => open.replace(/^([<[])/, '$1/')

function markupOf(template: string): Markup | undefined {
  if (template.includes('<arg_key>')) return 'arg-pairs'
  if (template.includes('<invoke name=')) return 'invoke'
  return template.includes('<parameter=') ? 'function-tags' : undefined
}

/** A rendered call: what the template puts before the name, between name and first argument, and after. */
export interface ShownCall {
  before: string
  between: string
  after: string
}

const NAME = 'probe_function'
const KEY = 'probe_argument'
const ANSWER = 'An answer.'
const TOOL: Tool = {
  type: 'function',
  function: { name: NAME, description: '', parameters: { type: 'object', properties: {}, required: [] } },
}

/** Renders a call and, to know where an answer begins, an answer in its place. */
export function shownCall(template: CompiledTemplate): ShownCall | undefined {
  const call = rendered(template, '', [{ id: 'probe0000', name: NAME, arguments: { [KEY]: 1 } }])
  const answer = rendered(template, ANSWER, undefined)
  if (call === undefined || answer === undefined) return undefined
  const start = tagStart(call, commonLength(call, answer))
  const name = call.indexOf(NAME, start)
  const key = call.indexOf(KEY, name)
  if (name < 0 || key < 0) return undefined
  return {
    before: call.slice(start, name),
    between: call.slice(name + NAME.length, key),
    after: call.slice(key + KEY.length),
  }
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

/** Steps back to the beginning of the tag that `at` is in the middle of: two tags may begin alike. */
function tagStart(text: string, at: number): number {
  const open = text.lastIndexOf('<', at - 1)
  return open > text.lastIndexOf('>', at - 1) ? open : at
}

function rendered(
  template: CompiledTemplate,
  content: string,
  toolCalls: ToolCall[] | undefined,
): string | undefined {
  const messages: Message[] = [
    { role: 'user', content: 'probe question' },
    { role: 'assistant', content, ...(toolCalls && { toolCalls }) },
  ]
  try {
    return template.render({
      messages,
      tools: [TOOL],
      addGenerationPrompt: false,
      now: new Date(0),
    })
  } catch {
    // A template that refuses calls says nothing about how they are written.
    return undefined
  }
}

/** The first tag before a call, and its closing twin when it stands behind the call. */
function tagsAround({ before, after }: ShownCall): [open: string, close?: string] {
  const text = before.split('{', 1).join('').trim()
  const open = /^<[^>\s]+>|^\[[A-Z_]+\]/.exec(text)?.[0] ?? text.replace(/\[$/, '').trim()
  if (open.length < 2) return ['{']
  const close = twinOf(open)
  return after.includes(close) ? [open, close] : [open]
}
