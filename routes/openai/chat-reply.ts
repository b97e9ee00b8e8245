import type { Answer } from '../../engine/collect.ts'
import type { EngineEvent, StopReason, ToolCall, Usage } from '../../engine/types.ts'
import type { Head } from './head.ts'
import { toLogprobs, type WireLogprobs } from './logprobs.ts'
import type { Indexed } from './parallel.ts'
import { DONE } from './sse.ts'
import { toUsage, type WireUsage } from './usage.ts'

export type ChatFinish = StopReason | 'tool_calls'

interface Reasoning {
  reasoning_content?: string
  reasoning?: string
}

interface WireToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export interface ChatCompletion extends Head<'chat.completion'> {
  choices: {
    index: number
    message: {
      role: 'assistant'
      content: string | null
      refusal: null
      tool_calls?: WireToolCall[]
    } & Reasoning
    logprobs: WireLogprobs | null
    finish_reason: ChatFinish
  }[]
  usage: WireUsage
}

export interface ChatChunk extends Head<'chat.completion.chunk'> {
  choices: {
    index: number
    delta: {
      role?: 'assistant'
      content?: string
      tool_calls?: ({ index: number } & WireToolCall)[]
    } & Reasoning
    logprobs: WireLogprobs | null
    finish_reason: ChatFinish | null
  }[]
  usage?: WireUsage | null
}

/** The reply that is not streamed; one answer a choice. */
export function toCompletion(head: Head<'chat.completion'>, answers: readonly Answer[]): ChatCompletion {
  return {
    ...head,
    choices: answers.map((answer, index) => ({
      index,
      message: {
        role: 'assistant',
        content: answer.text === '' && answer.toolCalls.length > 0 ? null : answer.text,
        refusal: null,
        ...(answer.thinking === '' ? {} : toReasoning(answer.thinking)),
        // Never an empty list: clients take the key itself for a call.
        ...(answer.toolCalls.length === 0
          ? {}
          : { tool_calls: answer.toolCalls.map((call) => toWireCall(call, head)) }),
      },
      logprobs: toLogprobs(answer.logprobs),
      finish_reason: toFinish(answer.reason, answer.toolCalls.length > 0),
    })),
    usage: toUsage(answers.map((answer) => answer.usage)),
  }
}

/**
 * The chunks of a streamed reply, [DONE] included. Each choice opens with its role, exactly once, and closes
 * with its finish reason: client libraries add deltas up and check both.
 */
export async function* toChunks(
  head: Head<'chat.completion.chunk'>,
  events: AsyncIterable<Indexed<EngineEvent>>,
  includeUsage: boolean,
): AsyncGenerator<ChatChunk | typeof DONE> {
  const usages: Usage[] = []
  const called = new Set<number>()
  for await (const { index, item: event } of events) {
    // Only a text completion shows its prompt.
    if (event.type === 'prompt-tokens') continue
    if (event.type === 'tool-call') called.add(index)
    if (event.type === 'end') usages.push(event.usage)
    const choice = { index, ...toChoice(event, head, called.has(index)) }
    yield { ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) }
  }
  if (includeUsage) yield { ...head, choices: [], usage: toUsage(usages) }
  yield DONE
}

type Choice = Omit<ChatChunk['choices'][number], 'index'>

function toChoice(
  event: Exclude<EngineEvent, { type: 'prompt-tokens' }>,
  head: Head<string>,
  hasCalled: boolean,
): Choice {
  switch (event.type) {
    case 'started':
      return delta({ role: 'assistant', content: '' })
    case 'thinking-delta':
      return delta(toReasoning(event.text), toLogprobs(event.logprobs))
    case 'text-delta':
      return delta({ content: event.text }, toLogprobs(event.logprobs))
    case 'tool-call':
      return delta({ tool_calls: [{ index: event.index, ...toWireCall(event.call, head) }] })
    case 'end':
      return { delta: {}, logprobs: null, finish_reason: toFinish(event.reason, hasCalled) }
  }
}

const delta = (content: Choice['delta'], logprobs: WireLogprobs | null = null): Choice => ({
  delta: content,
  logprobs,
  finish_reason: null,
})

/** Half of the clients read one name, half the other. */
const toReasoning = (text: string): Reasoning => ({ reasoning_content: text, reasoning: text })

/** The engine's ids are short, and agents keep hundreds of calls: the reply's own id makes them long enough. */
const toWireCall = (call: ToolCall & { id: string }, head: Head<string>): WireToolCall => ({
  id: `${call.id}${head.id.slice(-16)}`,
  type: 'function',
  function: { name: call.name, arguments: JSON.stringify(call.arguments) },
})

/** Agents go on only when they read `tool_calls`; a call that was cut off is not one to run. */
const toFinish = (reason: StopReason, hasCalled: boolean): ChatFinish =>
  hasCalled && reason === 'stop' ? 'tool_calls' : reason
