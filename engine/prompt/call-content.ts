import type { Message } from '../types.ts'
import type { CompiledTemplate } from './template.ts'

/** Steps one rendering may take; so short a conversation needs a tenth of them. */
const MAX_STEPS = 100_000

const NAME = 'probe_function'
const VALUE = 'probe_value'
const CONVERSATION: readonly Message[] = [
  { role: 'user', content: 'probe question' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'Pr0beIdAx', name: NAME, arguments: { key: VALUE } }] },
  { role: 'tool', content: 'probe result', toolName: NAME, toolCallId: 'Pr0beIdAx' },
]

const known = new WeakMap<CompiledTemplate, boolean>()

/**
 * Whether calls without text should reach a template with no content (`null`, as OpenAI's API and Hugging Face's
 * callers have it) rather than an empty one. Most templates print the same for both, some raise or print "None" for
 * none; but some print an empty answer beside the calls for an empty text, and the first ones of DeepSeek R1 print
 * calls only where there is no content. Found out by rendering both, once a template.
 */
export function omitsCallContent(template: CompiledTemplate): boolean {
  const remembered = known.get(template)
  if (remembered !== undefined) return remembered
  const omits = isBetterOmitted(rendered(template, false), rendered(template, true))
  known.set(template, omits)
  return omits
}

function isBetterOmitted(empty: string | undefined, none: string | undefined): boolean {
  if (none === undefined || !none.includes(VALUE)) return false
  if (empty === undefined || !empty.includes(VALUE)) return true
  return none.length < empty.length && isWithoutStretch(none, empty)
}

/** True when `shorter` is `longer` without one stretch of it. */
function isWithoutStretch(shorter: string, longer: string): boolean {
  let start = 0
  while (start < shorter.length && shorter[start] === longer[start]) start++
  return longer.endsWith(shorter.slice(start))
}

function rendered(template: CompiledTemplate, omitsContent: boolean): string | undefined {
  try {
    return template.render({
      messages: CONVERSATION,
      addGenerationPrompt: true,
      omitsContent,
      asItIs: true,
      now: new Date(0),
      maxSteps: MAX_STEPS,
    })
  } catch {
    // It refuses calls, or what their content is.
    return undefined
  }
}
