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
