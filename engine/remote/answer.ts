import type { Generation } from '../answer.ts'
import type { EngineEvent, StopReason } from '../types.ts'
import { createCallDeltas } from './call-deltas.ts'
import { type Choice, Chunk } from './chunk.ts'
import { brokenOff, CUT, refusalIn } from './failure.ts'
import { toChosenTokens } from './logprobs.ts'
import { EventTooLongError, eventsIn } from './sse.ts'

/** Characters of one event: a call with long arguments may come in one. */
const MAX_EVENT = 4 * 1024 * 1024

const DONE = '[DONE]'

/** What of an answer is wanted. */
export interface Wanted {
  /** Calls of tools; without it any that come are passed over. */
  calls: 'all' | 'first' | 'none'
}

/**
 * Turns the events of a streamed answer of OpenAI's API, chat or text, into the engine's, all but the end, which is
 * returned. Times are as seen from here. Throws EngineError for what the server says went wrong, for an answer that
 * breaks off, and for one that breaks the API; `invalid_answer` for calls that cannot be made.
 */
export async function* readAnswer(
  bytes: AsyncIterable<Uint8Array>,
  { calls: wanted }: Wanted,
): AsyncGenerator<EngineEvent, Generation> {
  const generation = emptyGeneration()
  const calls = createCallDeltas()
  const clock = createClock()
  let finish: string | undefined
  let hasStarted = false
  for await (const chunk of chunksIn(bytes)) {
    // Only now: a server may refuse in its first event, and then a client still gets the status.
    if (!hasStarted) yield { type: 'started' }
    hasStarted = true
    Object.assign(generation, usageIn(chunk))
    const choice = chunk.choices?.[0]
    if (choice === undefined) continue
    const deltas = deltasIn(choice)
    const callDeltas = choice.delta?.tool_calls ?? []
    if (deltas.length > 0 || callDeltas.length > 0) clock.mark()
    yield* deltas
    calls.add(callDeltas)
    finish = choice.finish_reason || finish
  }
  if (finish === undefined) throw brokenOff(CUT)
  const reason = reasonOf(finish)
  const whole = wanted === 'none' ? [] : calls.finish(reason === 'length')
  for (const [index, call] of (wanted === 'first' ? whole.slice(0, 1) : whole).entries()) {
    yield { type: 'tool-call', index, call }
  }
  return { ...generation, reason, ...clock.times() }
}

const emptyGeneration = (): Generation => ({
  reason: 'stop',
  promptTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  thinkingTokens: 0,
  promptMs: 0,
  outputMs: 0,
  tokenIds: undefined,
})

/** What no server tells alike: how long it took to the first piece, and from there to the end. */
function createClock() {
  const startedAt = performance.now()
  let firstAt: number | undefined
  return {
    mark() {
      firstAt ??= performance.now()
    },
    times() {
      const now = performance.now()
      return { promptMs: (firstAt ?? now) - startedAt, outputMs: now - (firstAt ?? now) }
    },
  }
}

async function* chunksIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk> {
  try {
    for await (const text of eventsIn(bytes, MAX_EVENT)) {
      if (text === DONE) return
      yield chunkOf(text)
    }
  } catch (error) {
    throw error instanceof EventTooLongError ? brokenOff(error.message, { cause: error }) : error
  }
}

function chunkOf(text: string): Chunk {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // What the parser says quotes the answer, which belongs in no log.
    throw brokenOff('an event is not JSON')
  }
  const refusal = refusalIn(value)
  if (refusal !== undefined) throw refusal
  const parsed = Chunk.safeParse(value)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.')
  throw brokenOff(`an event is no part of an answer, at ${JSON.stringify(where)}`)
}

/** Log-probabilities ride on the text, or on the thought where there is no text, or on a text without words. */
function deltasIn({ delta, text, logprobs }: Choice): EngineEvent[] {
  const said = delta?.content || text || ''
  // Some servers give the same thought under both names.
  const thought = delta?.reasoning_content || delta?.reasoning || ''
  const tokens = toChosenTokens(logprobs) ?? []
  const riding = tokens.length === 0 ? {} : { logprobs: tokens }
  const isOnText = said !== '' || thought === ''
  const thoughts: EngineEvent[] =
    thought === '' ? [] : [{ type: 'thinking-delta', text: thought, ...(isOnText ? {} : riding) }]
  if (said === '' && (!isOnText || tokens.length === 0)) return thoughts
  return [...thoughts, { type: 'text-delta', text: said, ...riding }]
}

function usageIn({ usage }: Chunk): Partial<Generation> {
  if (usage === undefined || usage === null) return {}
  return {
    promptTokens: usage.prompt_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    thinkingTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
  }
}

/** Servers that give up say so here: vLLM and SGLang. */
const GAVE_UP = new Set(['abort', 'error'])

function reasonOf(finish: string): StopReason {
  if (GAVE_UP.has(finish)) throw brokenOff(`the server ended it with ${JSON.stringify(finish)}`)
  return finish === 'length' ? 'length' : 'stop'
}
