import type { Answer } from '../../engine/collect.ts'
import type { EngineEvent, StopReason, Usage } from '../../engine/types.ts'
import type { Head } from './head.ts'
import { type LegacyLogprobs, toLegacyLogprobs } from './legacy-logprobs.ts'
import type { Indexed } from './parallel.ts'
import { DONE } from './sse.ts'
import { toUsage, type WireUsage } from './usage.ts'

interface Choice {
  text: string
  index: number
  logprobs: LegacyLogprobs | null
  finish_reason: StopReason | null
}

export interface TextCompletion extends Head<'text_completion'> {
  choices: Choice[]
  usage?: WireUsage | null
}

/** The reply that is not streamed. `echoes` holds what goes before each choice's text. */
export function toTextCompletion(
  head: Head<'text_completion'>,
  answers: readonly Answer[],
  echoes: readonly string[],
): TextCompletion {
  return {
    ...head,
    choices: answers.map((answer, index) => ({
      text: `${echoes[index] ?? ''}${answer.text}`,
      index,
      logprobs: answer.logprobs.length === 0 ? null : toLegacyLogprobs(answer.logprobs, 0).logprobs,
      finish_reason: answer.reason,
    })),
    usage: toUsage(answers.map((answer) => answer.usage)),
  }
}

/**
 * The chunks of a streamed reply, [DONE] included. A choice opens with its echo, possibly empty, as soon as
 * its prompt is accepted: proxies and clients give up on a reply that does not begin.
 */
export async function* toTextChunks(
  head: Head<'text_completion'>,
  events: AsyncIterable<Indexed<EngineEvent>>,
  echoes: readonly string[],
  includeUsage: boolean,
): AsyncGenerator<TextCompletion | typeof DONE> {
  const usages: Usage[] = []
  const offsets = new Map<number, number>()
  for await (const { index, item: event } of events) {
    if (event.type === 'end') usages.push(event.usage)
    const choice = toChoice(event, index, echoes, offsets)
    if (choice !== undefined) yield { ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) }
  }
  if (includeUsage) yield { ...head, choices: [], usage: toUsage(usages) }
  yield DONE
}

function toChoice(
  event: EngineEvent,
  index: number,
  echoes: readonly string[],
  offsets: Map<number, number>,
): Choice | undefined {
  const choice = { text: '', index, logprobs: null, finish_reason: null }
  switch (event.type) {
    case 'started':
      return { ...choice, text: echoes[index] ?? '' }
    case 'text-delta': {
      if (event.logprobs === undefined) return { ...choice, text: event.text }
      const { logprobs, offset } = toLegacyLogprobs(event.logprobs, offsets.get(index) ?? 0)
      offsets.set(index, offset)
      return { ...choice, text: event.text, logprobs }
    }
    case 'end':
      return { ...choice, finish_reason: event.reason }
    case 'thinking-delta':
    case 'tool-call':
      return undefined
  }
}
