import { expect, test } from 'vitest'
import type { ChatChunk } from '../../../routes/openai/chat-reply.ts'
import { testApp } from '../../helpers/app.ts'
import type { Step } from '../../helpers/scripted-backend.ts'
import { chatBody, framesOf, post } from './hand-made.ts'

const CHAT = '/v1/chat/completions'

/** The JSON frames of one streamed reply, and its whole text. */
async function stream(steps: Step[], more: object = {}, reason: 'stop' | 'length' = 'stop') {
  const { app } = await testApp({ script: { answers: [{ steps, reason }] } })
  const { body, headers } = await post(app, CHAT, chatBody({ stream: true, ...more }))
  const frames = framesOf(body)
  const chunks: ChatChunk[] = frames.filter((frame) => frame !== '[DONE]')
  const choices = chunks.flatMap((chunk) => chunk.choices)
  return { body, headers, frames, chunks, choices, deltas: choices.map(({ delta }) => delta) }
}

const WEATHER = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}
const call = (args: object) =>
  `<tool_call>\n${JSON.stringify({ name: 'get_weather', arguments: args })}\n</tool_call>`

test('openai 71: frames are role, text, finish and done, and agree on what they are', async () => {
  const { body, frames, chunks, choices } = await stream(['Hel', 'lo'])
  expect(choices.map(({ delta, finish_reason }) => [delta, finish_reason])).toEqual([
    [{ role: 'assistant', content: '' }, null],
    [{ content: 'Hel' }, null],
    [{ content: 'lo' }, null],
    [{}, 'stop'],
  ])
  expect(frames.at(-1)).toBe('[DONE]')
  const [first] = chunks
  for (const { id, object, created, model, ...rest } of chunks) {
    expect({ id, created, model }).toEqual({ id: first?.id, created: first?.created, model: 'tiny' })
    expect(object).toBe('chat.completion.chunk')
    expect(rest).not.toHaveProperty('usage')
  }
  expect(body).not.toContain('event:')
})

test('openai 73: usage comes last, on a frame without choices', async () => {
  const { chunks } = await stream(['Hi'], { stream_options: { include_usage: true } })
  expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual([null, null, null])
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 1 } })
})

test('openai 74: an empty answer is a role and a finish', async () => {
  const { deltas, frames } = await stream([])
  expect(deltas).toEqual([{ role: 'assistant', content: '' }, {}])
  expect(frames.at(-1)).toBe('[DONE]')
})

test('openai 75: an answer cut by length still sends its usage', async () => {
  const { choices, chunks } = await stream(['a'], { stream_options: { include_usage: true } }, 'length')
  expect(choices.at(-1)?.finish_reason).toBe('length')
  expect(chunks.at(-1)?.usage?.completion_tokens).toBe(1)
})

test('openai 76: a call that came in pieces is named once and its arguments add up', async () => {
  const whole = call({ city: 'Paris' })
  const pieces = [whole.slice(0, 15), whole.slice(15, 40), whole.slice(40)]
  const { deltas, choices } = await stream(pieces, { model: 'tool', tools: [WEATHER] })
  const calls = deltas.flatMap(({ tool_calls }) => tool_calls ?? [])
  expect(calls[0]).toMatchObject({
    index: 0,
    id: expect.stringMatching(/^call_[a-z0-9]{24}$/),
    type: 'function',
    function: { name: 'get_weather' },
  })
  expect(calls.map((one) => one.function.arguments).join('')).toBe('{"city":"Paris"}')
  expect(choices.at(-1)?.finish_reason).toBe('tool_calls')
})

test('openai 77: two calls are counted from 0', async () => {
  const { deltas } = await stream([call({ city: 'Paris' }), call({ city: 'Rome' })], {
    model: 'tool',
    tools: [WEATHER],
  })
  const calls = deltas.flatMap(({ tool_calls }) => tool_calls ?? [])
  expect(calls.map(({ index }) => index)).toEqual([0, 1])
  expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
})

test('openai 78: a call without arguments has an empty object', async () => {
  const { deltas } = await stream([call({})], { model: 'tool', tools: [WEATHER] })
  expect(deltas.flatMap(({ tool_calls }) => tool_calls ?? [])[0]?.function.arguments).toBe('{}')
})

test('openai 79: text before a call is kept', async () => {
  const { deltas, choices } = await stream(['Let me see.', call({ city: 'Paris' })], {
    model: 'tool',
    tools: [WEATHER],
  })
  expect(deltas.map(({ content }) => content ?? '').join('')).toContain('Let me see.')
  expect(choices.at(-1)?.finish_reason).toBe('tool_calls')
})

test('openai 80: thoughts come before the text, never beside it', async () => {
  const { deltas } = await stream(['<think>', 'h', 'm', '</think>', '4'], { model: 'think' })
  expect(deltas.map(({ reasoning_content }) => reasoning_content ?? '').join('')).toBe('hm')
  expect(deltas.map(({ reasoning }) => reasoning ?? '').join('')).toBe('hm')
  expect(deltas.map(({ content }) => content ?? '').join('')).toBe('4')
  expect(deltas.filter((delta) => delta.reasoning && delta.content)).toEqual([])
})

test('openai 83: each of two choices has one role and one finish', async () => {
  const { choices, chunks } = await stream(['a', 'b'], { n: 2, stream_options: { include_usage: true } })
  for (const index of [0, 1]) {
    const own = choices.filter((choice) => choice.index === index)
    expect(own.filter(({ delta }) => delta.role !== undefined)).toHaveLength(1)
    expect(own.filter(({ finish_reason }) => finish_reason !== null)).toHaveLength(1)
    expect(own.map(({ delta }) => delta.content ?? '').join('')).toBe('ab')
  }
  expect(chunks.filter(({ usage }) => usage)).toHaveLength(1)
  expect(chunks.at(-1)?.usage?.completion_tokens).toBe(4)
})

const piece = (token: string): Step => ({
  logprobs: {
    type: 'text',
    text: token,
    tokens: 1,
    logprobs: [{ token, bytes: [...Buffer.from(token)], logprob: -1, alternatives: [] }],
  },
})

test('openai 84: log-probabilities come with their text, one for every token', async () => {
  const { choices } = await stream([piece('a'), piece('b'), piece('c')], { logprobs: true })
  const withText = choices.filter(({ delta }) => delta.content)
  expect(withText.every(({ logprobs }) => logprobs?.content.length)).toBe(true)
  expect(choices.flatMap(({ logprobs }) => logprobs?.content ?? [])).toHaveLength(3)
})

test('openai 85: an unknown model is a plain 404, stream or not', async () => {
  const { app } = await testApp()
  const reply = await post(app, CHAT, chatBody({ model: 'nope', stream: true }))
  expect(reply.statusCode).toBe(404)
  expect(reply.headers['content-type']).toContain('application/json')
  expect(reply.json().error.code).toBe('model_not_found')
})
