import { GoTemplateError } from '../../formats/go-template/error.ts'
import type { GoTemplate } from '../../formats/go-template/nodes.ts'
import { parseGoTemplate } from '../../formats/go-template/parse.ts'
import type { Capability } from '../store/types.ts'
import { fieldNames } from './go-fields.ts'
import { goThinkingTags } from './go-thinking.ts'
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

/** Reads a template in Go's syntax by the fields it uses; one that cannot be parsed can do nothing. */
export function goTemplateTraits(text: string): TemplateTraits {
  const template = parsedOrNone(text)
  if (template === undefined) return { capabilities: [], roundTripsTools: false }
  const fields = fieldNames(template)
  const capabilities: Capability[] = []
  if (fields.has('tools')) capabilities.push('tools')
  if (fields.has('suffix')) capabilities.push('insert')
  if (goThinkingTags(template) !== undefined) capabilities.push('thinking')
  const printsResults =
    /eq\s+\.Role\s+"tool"/.test(text) || text.includes('tool_response') || text.includes('TOOL_RESULTS')
  return { capabilities, roundTripsTools: fields.has('tools') && fields.has('toolcalls') && printsResults }
}

function parsedOrNone(text: string): GoTemplate | undefined {
  try {
    return parseGoTemplate(text)
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error
    // Whoever renders it hears what is wrong with it.
    return undefined
  }
}
