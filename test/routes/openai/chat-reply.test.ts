import { expect, test } from 'vitest'
import { collect } from '../../../engine/collect.ts'
import type { EngineEvent, Usage } from '../../../engine/types.ts'
import { type ChatChunk, toChunks, toCompletion } from '../../../routes/openai/chat-reply.ts'
import type { Head } from '../../../routes/openai/head.ts'

const USAGE: Usage = {
  promptTokens: 9,
  cachedTokens: 4,
  outputTokens: 3,
  thinkingTokens: 1,
  loadMs: 0,
  promptMs: 0,
  outputMs: 0,
  totalMs: 0,
}
const WIRE_USAGE = {
  prompt_tokens: 9,
  completion_tokens: 3,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 1 },
}
const STARTED: EngineEvent = { type: 'started' }
const END: EngineEvent = { type: 'end', reason: 'stop', usage: USAGE }
const CUT: EngineEvent = { type: 'end', reason: 'length', usage: USAGE }
const text = (piece: string): EngineEvent => ({ type: 'text-delta', text: piece })
const thought = (piece: string): EngineEvent => ({ type: 'thinking-delta', text: piece })
const call = (index: number, name: string, args: Record<string, unknown>): EngineEvent => ({
  type: 'tool-call',
  index,
  call: { id: `call_${index}`, name, arguments: args },
})

const head = <O extends string>(object: O): Head<O> => ({
  id: 'chatcmpl-ABCDEFGH0123456789abcdef',
  object,
  created: 1,
  model: 'tiny',
  system_fingerprint: 'fp_ollama',
})

async function* from(events: EngineEvent[], index = 0) {
  for (const item of events) yield { index, item }
}

async function chunksOf(events: EngineEvent[], includeUsage = false): Promise<ChatChunk[]> {
  const chunks: ChatChunk[] = []
  for await (const chunk of toChunks(head('chat.completion.chunk'), from(events), includeUsage)) {
    if (chunk !== '[DONE]') chunks.push(chunk)
  }
  return chunks
}
const deltasOf = async (...events: EngineEvent[]) =>
  (await chunksOf(events)).map(({ choices: [choice] }) => choice?.delta)
const completionOf = async (...events: EngineEvent[]) => {
  const answer = await collect(
    (async function* () {
      yield* events
    })(),
  )
  return toCompletion(head('chat.completion'), [answer])
}

test('a stream opens with the role, closes with the reason, and says done', async () => {
  const items: unknown[] = []
  for await (const item of toChunks(head('chat.completion.chunk'), from([STARTED, text('Hi'), END]), false))
    items.push(item)
  const chunk = (delta: object, finish: string | null) => ({
    ...head('chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })
  expect(items).toEqual([
    chunk({ role: 'assistant', content: '' }, null),
    chunk({ content: 'Hi' }, null),
    chunk({}, 'stop'),
    '[DONE]',
  ])
})

test('usage comes on a last chunk without choices, and is null before', async () => {
  const chunks = await chunksOf([STARTED, CUT], true)
  expect(chunks.map(({ usage }) => usage)).toEqual([null, null, WIRE_USAGE])
  expect(chunks.at(-1)?.choices).toEqual([])
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length')
})

test('thoughts carry both names and no content', async () => {
  expect(await deltasOf(STARTED, thought('hm'), text('4'), END)).toEqual([
    { role: 'assistant', content: '' },
    { reasoning_content: 'hm', reasoning: 'hm' },
    { content: '4' },
    {},
  ])
})

test('a call is one delta whose arguments are JSON text', async () => {
  const chunks = await chunksOf([STARTED, call(0, 'f', { city: 'Paris' }), call(1, 'g', {}), END])
  expect(chunks.map(({ choices: [choice] }) => choice?.delta.tool_calls).slice(1, 3)).toEqual([
    [
      {
        index: 0,
        id: 'call_00123456789abcdef',
        type: 'function',
        function: { name: 'f', arguments: '{"city":"Paris"}' },
      },
    ],
    [{ index: 1, id: 'call_10123456789abcdef', type: 'function', function: { name: 'g', arguments: '{}' } }],
  ])
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
})

test('a call that was cut off finishes by length', async () => {
  const chunks = await chunksOf([STARTED, call(0, 'f', {}), CUT])
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('length')
})

test('each choice has its own finish reason', async () => {
  async function* two() {
    yield { index: 0, item: call(0, 'f', {}) }
    yield { index: 1, item: END }
    yield { index: 0, item: END }
  }
  const finishes: unknown[] = []
  for await (const chunk of toChunks(head('chat.completion.chunk'), two(), true)) {
    if (chunk !== '[DONE]') finishes.push(chunk.choices[0]?.finish_reason)
  }
  expect(finishes).toEqual([null, 'stop', 'tool_calls', undefined])
})

test('a whole reply has its message, reason and usage', async () => {
  expect(await completionOf(STARTED, text('H'), text('i'), END)).toEqual({
    ...head('chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hi', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: WIRE_USAGE,
  })
})

test('a reply that is only calls has null content', async () => {
  const { choices } = await completionOf(STARTED, call(0, 'f', {}), END)
  expect(choices[0]).toMatchObject({ message: { content: null }, finish_reason: 'tool_calls' })
})

test('text before a call is kept', async () => {
  const { choices } = await completionOf(STARTED, text('Let me see'), call(0, 'f', {}), END)
  expect(choices[0]?.message.content).toBe('Let me see')
})

test('a reply that thought until its limit has empty content', async () => {
  const { choices } = await completionOf(STARTED, thought('hm'), CUT)
  expect(choices[0]).toMatchObject({
    message: { content: '', reasoning_content: 'hm', reasoning: 'hm' },
    finish_reason: 'length',
  })
})

test('log-probabilities are complete and fit into JSON', async () => {
  const chosen = {
    token: 'a',
    bytes: [97],
    logprob: -0.5,
    alternatives: [{ token: 'b', bytes: [98], logprob: Number.NEGATIVE_INFINITY }],
  }
  const { choices } = await completionOf(
    STARTED,
    { type: 'text-delta', text: 'a', logprobs: [chosen, { ...chosen, alternatives: [] }] },
    END,
  )
  expect(choices[0]?.logprobs).toEqual({
    content: [
      {
        token: 'a',
        logprob: -0.5,
        bytes: [97],
        top_logprobs: [{ token: 'b', logprob: -9999, bytes: [98] }],
      },
      { token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [] },
    ],
    refusal: null,
  })
})
