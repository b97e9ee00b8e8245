import type { Capability } from '../store/types.ts'
import { thinkingTags } from './thinking-tags.ts'

/** What a template tells about its model without being run. */
export interface TemplateTraits {
  /** Of `tools`, `insert` and `thinking`. */
  capabilities: Capability[]
  /** Prints the calls a model made and the results it got, so that a conversation can go on after a call. */
  roundTripsTools: boolean
}

/** Reads a Jinja template, by the words that ollama server/images.go looks for. */
export function jinjaTraits(template: string): TemplateTraits {
  const has = (...words: string[]) => words.some((word) => template.includes(word))
  const capabilities: Capability[] = []
  if (has('tools', 'tool_call')) capabilities.push('tools')
  const showsThinking = has('<think>') && has('</think>')
  // Templates that cut old thoughts away think too, unless thoughts reach them in a field of their own.
  const cutsThinking =
    /split\(\s*['"]<\/think>['"]/.test(template) && !has('reasoning_content', '<SPECIAL_12>')
  // Tags of other families count where they are found: their thoughts must not be taken for answers.
  const otherTags = !has('</think>') && thinkingTags(template) !== undefined
  if (showsThinking || cutsThinking || otherTags) capabilities.push('thinking')
  const printsCalls = has('tool_calls', 'assistant_tool_call')
  const printsResults =
    has('tool_response', 'tool_results', 'ipython') || /\brole['"]?\]?\s*==\s*['"]tool['"]/.test(template)
  return { capabilities, roundTripsTools: printsCalls && printsResults }
}

/** Reads a template in Go syntax, by the fields its actions name. */
export function goTemplateTraits(template: string): TemplateTraits {
  const actions = [...template.matchAll(/\{\{(.*?)\}\}/gs)].map(([, action = '']) => action)
  const names = (field: string) => {
    const reference = new RegExp(`\\.${field}\\b`, 'i')
    return actions.some((action) => reference.test(action))
  }
  const capabilities: Capability[] = []
  if (names('Tools')) capabilities.push('tools')
  if (names('Suffix')) capabilities.push('insert')
  if (names('Thinking')) capabilities.push('thinking')
  const printsResults =
    /eq\s+\.Role\s+"tool"/.test(template) ||
    template.includes('tool_response') ||
    template.includes('TOOL_RESULTS')
  return { capabilities, roundTripsTools: names('Tools') && names('ToolCalls') && printsResults }
}
