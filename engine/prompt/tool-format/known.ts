/** What is known of families of models because no comparison of renderings can show it. */

import { jsonFormat } from './json-format.ts'
import type { ToolCallFormat } from './types.ts'

/**
 * The harmony format of gpt-oss. Its template prints a call as history, in another order than the model writes one
 * (`to=` before the channel), and says nothing of how the channel and the recipient come out.
 */
const HARMONY: ToolCallFormat = {
  triggers: [
    '<|start|>assistant<|channel|>commentary to=functions.',
    '<|start|>assistant<|channel|>analysis to=functions.',
    '<|start|>assistant to=functions.',
    '<|channel|>commentary to=functions.',
    '<|channel|>analysis to=functions.',
    ' to=functions.',
    'to=functions.',
  ],
  close: '<|call|>',
  section: { open: [], close: [] },
  call: {
    open: ['<|channel|>commentary to=functions.'],
    between: [' <|constrain|>json<|message|>'],
    // The model ends its turn with `<|call|>`, which no grammar has to ask for.
    close: [],
  },
  separator: '',
  isParallel: false,
  object: undefined,
  arguments: { type: 'json', isText: false },
}

/** Python calls behind a tag. LFM2's older templates print neither calls nor how to write them. */
const LFM2: ToolCallFormat = {
  triggers: ['<|tool_call_start|>'],
  close: '<|tool_call_end|>',
  section: { open: ['<|tool_call_start|>['], close: [']<|tool_call_end|>'] },
  call: { open: [], between: [], close: [] },
  separator: ', ',
  isParallel: true,
  object: undefined,
  arguments: {
    type: 'inline',
    brackets: ['(', ')'],
    assign: '=',
    separator: ', ',
    quote: '"',
    isRaw: false,
    isPython: true,
  },
}

/** The format of a family whose template shows a wrong one. */
export function familyFormat(template: string): ToolCallFormat | undefined {
  const isHarmony = ['<|channel|>', '<|message|>', 'functions.'].every((part) => template.includes(part))
  return isHarmony ? HARMONY : undefined
}

/**
 * Tags around JSON, in templates that only tell the model of them or not even that: the calls of a conversation are
 * then printed by nobody. The more telling ones first.
 */
const TOLD: readonly (readonly [open: string, close: string | undefined, isList: boolean])[] = [
  ['<tool_call>', '</tool_call>', false],
  ['<minimax:tool_call>', '</minimax:tool_call>', false],
  ['<TOOLCALL>', '</TOOLCALL>', true],
  ['<function_call>', '</function_call>', false],
  ['<functioncall>', undefined, false],
  ['<|START_ACTION|>', '<|END_ACTION|>', true],
  ['<|tools_prefix|>', '<|tools_suffix|>', true],
  ['<tool_calls>', '</tool_calls>', true],
  // Granite 3, Phi 4.
  ['<|tool_call|>', undefined, true],
  ['[TOOL_CALLS]', undefined, true],
  // Firefunction.
  ['functools', undefined, true],
]

/** The format a template speaks of without printing it; bare JSON, as in ollama's tools package, when of none. */
export function toldFormat(template: string): ToolCallFormat {
  if (template.includes('<|tool_call_start|>') || template.includes('<|tool_list_start|>')) return LFM2
  const told = TOLD.find(([open]) => template.includes(open))
  if (told === undefined) return jsonFormat({ argumentsKey: 'arguments' })
  const [open, close, isList] = told
  return jsonFormat({ open, close, isList })
}

/** Llama 3 writes this before calls to tools it was trained with, and its template only for those. */
const PYTHON_TAG = '<|python_tag|>'

/** With what else may stand before calls. */
export function withLeadIns(format: ToolCallFormat, template: string): ToolCallFormat {
  const isBare = format.triggers.length === 0 && template.includes(PYTHON_TAG)
  return isBare ? { ...format, leadIn: PYTHON_TAG } : format
}
