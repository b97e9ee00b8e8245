import type { Answer } from '../../engine/collect.ts'
import type { EngineEvent, PromptToken, StopReason, Usage } from '../../engine/types.ts'
import { type Echo, echoDecoder, echoOffset } from './echo.ts'
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

/** What a reply shows beside its answers. */
export interface Shown {
  /** What goes before each choice's text; empty when nothing does. */
  echoes: readonly Echo[]
  hasLogprobs: boolean
}

/** The reply that is not streamed. */
export function toTextCompletion(
  head: Head<'text_completion'>,
  answers: readonly Answer[],
  { echoes, hasLogprobs }: Shown,
): TextCompletion {
  return {
    ...head,
    choices: answers.map(({ text, promptTokens, logprobs, reason }, index) => {
      const echo = echoes[index]
      const tokens = [...promptTokens, ...logprobs]
      const offset = echoOffset(promptTokens, echo?.text)
      return {
        text: `${echo === undefined ? '' : (echo.text ?? echoDecoder()(promptTokens))}${text}`,
        index,
        logprobs: hasLogprobs && tokens.length > 0 ? toLegacyLogprobs(tokens, offset).logprobs : null,
        finish_reason: reason,
      }
    }),
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
  shown: Shown,
  includeUsage: boolean,
): AsyncGenerator<TextCompletion | typeof DONE> {
  const usages: Usage[] = []
  const streams = new Map<number, ChoiceStream>()
  for await (const { index, item: event } of events) {
    if (event.type === 'end') usages.push(event.usage)
    const stream = streams.get(index) ?? choiceStream(shown.echoes[index], shown.hasLogprobs)
    streams.set(index, stream)
    const piece = stream(event)
    if (piece === undefined) continue
    yield { ...head, choices: [{ index, ...piece }], ...(includeUsage ? { usage: null } : {}) }
  }
  if (includeUsage) yield { ...head, choices: [], usage: toUsage(usages) }
  yield DONE
}

type Piece = Omit<Choice, 'index'>
type ChoiceStream = (event: EngineEvent) => Piece | undefined

/** What each event of one choice adds to it. */
function choiceStream(echo: Echo | undefined, hasLogprobs: boolean): ChoiceStream {
  const decode = echoDecoder()
  let offset: number | undefined
  const piece = (text: string, tokens: Parameters<typeof toLegacyLogprobs>[0] = []): Piece => {
    if (!hasLogprobs || tokens.length === 0) return { text, logprobs: null, finish_reason: null }
    const legacy = toLegacyLogprobs(tokens, offset ?? 0)
    offset = legacy.offset
    return { text, logprobs: legacy.logprobs, finish_reason: null }
  }
  const echoed = (tokens: readonly PromptToken[]): Piece => {
    offset ??= echoOffset(tokens, echo?.text)
    return piece(echo !== undefined && echo.text === undefined ? decode(tokens) : '', tokens)
  }
  return (event) => {
    switch (event.type) {
      case 'started':
        return piece(echo?.text ?? '')
      case 'prompt-tokens':
        return echoed(event.tokens)
      case 'text-delta':
        return piece(event.text, event.logprobs)
      case 'end':
        return { ...piece(''), finish_reason: event.reason }
      case 'thinking-delta':
      case 'tool-call':
        return undefined
    }
  }
}
