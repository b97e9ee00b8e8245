import type { Message } from '../types.ts'
import { type AnswerWrapper, wrapperOf } from './answer-wrapper.ts'
import { lately } from './lately.ts'
import { type CompiledTemplate, compiledOrNone } from './template.ts'

/** What a model writes around its thoughts. */
export interface ThinkingTags {
  open: string
  close: string
  /** What it writes before its answer, where its template has something there. */
  answer?: AnswerFrame
  /** What it may write around its answer behind a thought. */
  wrapper?: AnswerWrapper
}

/** `turn` ends the thought's turn and begins another one; `open` stands before every answer, thought or not. */
export interface AnswerFrame {
  turn: string
  open: string
}

/** Pairs that templates only speak of or cut away: rendering does not show them. */
const PAIRS: readonly ThinkingTags[] = [
  { open: '[THINK]', close: '[/THINK]' },
  { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  { open: '<|inner_prefix|>', close: '<|inner_suffix|>' },
  { open: '<|channel>thought', close: '<channel|>' },
]

/** `<think>`, `<thinking>`, `<thought>`, `<seed:think>` and the like. */
const CLOSING_TAG = /<\/((?:[a-z]+:)?(?:think|thinking|thought|thoughts|reasoning))>/

/** A few hundred bytes each, for as many templates as models were asked. */
const MOST_KNOWN = 64

/**
 * The tags a Jinja template puts around thoughts; undefined when it knows none. A closing tag is enough: templates
 * that only cut old thoughts away look for nothing else. Where no tag has a telling name, a thought is rendered to see
 * what stands around it. Read once a template.
 */
export const thinkingTags = lately(MOST_KNOWN, (template) =>
  withWrapper(namedTags(template) ?? shownTags(template), template),
)

/** Tags with the wrapper of answers that a template, in any syntax, speaks of. */
export function withWrapper(tags: ThinkingTags | undefined, template: string): ThinkingTags | undefined {
  const wrapper = wrapperOf(template)
  return tags === undefined || wrapper === undefined ? tags : { ...tags, wrapper }
}

function namedTags(template: string): ThinkingTags | undefined {
  if (template.includes('</think>')) return { open: '<think>', close: '</think>' }
  const name = CLOSING_TAG.exec(template)?.[1]
  if (name !== undefined) return { open: `<${name}>`, close: `</${name}>` }
  return PAIRS.find((pair) => template.includes(pair.open) && template.includes(pair.close))
}

const QUESTION = 'probe question'
const THOUGHT = 'probe thought'
const ANSWER = 'probe answer'

/** Compares the beginning of an answer with an answer that has a thought in it. */
function shownTags(source: string): ThinkingTags | undefined {
  const template = compiledOrNone(source)
  const begun = template && rendered(template, [])
  const whole = template && rendered(template, [{ role: 'assistant', content: ANSWER, thinking: THOUGHT }])
  if (begun === undefined || whole === undefined) return undefined
  const thoughtAt = whole.indexOf(THOUGHT)
  const answerAt = whole.indexOf(ANSWER, thoughtAt)
  if (thoughtAt < 0 || answerAt < 0 || !whole.startsWith(begun.trimEnd())) return undefined
  const open = whole.slice(begun.trimEnd().length, thoughtAt).trim()
  const between = whole.slice(thoughtAt + THOUGHT.length, answerAt).trim()
  const close = firstTag(between)
  if (close === undefined || firstTag(open) === undefined) return undefined
  const rest = between.slice(close.length).trim()
  return rest === '' ? { open, close } : { open, close, answer: frameOf(rest, begun) }
}

/** The part of `rest` that any turn of the model begins with is its header. */
function frameOf(rest: string, begun: string): AnswerFrame {
  let length = Math.min(rest.length, begun.length)
  while (length > 0 && !begun.endsWith(rest.slice(0, length))) length--
  return { turn: rest.slice(0, length), open: rest.slice(length) }
}

const firstTag = (text: string): string | undefined => /^(?:<[^<>]+>|\[[^[\]]+\])/.exec(text)?.[0]

/** The conversation; without an answer it ends where the model's begins. */
function rendered(template: CompiledTemplate, answer: readonly Message[]): string | undefined {
  try {
    return template.render({
      messages: [{ role: 'user', content: QUESTION }, ...answer],
      addGenerationPrompt: answer.length === 0,
      enableThinking: true,
      now: new Date(0),
    })
  } catch {
    // A template that refuses this says nothing about thoughts.
    return undefined
  }
}
