import { describe, expect, test } from 'vitest'
import { lines, serve, user, W } from './serve.ts'

const ask = { messages: [user('Weather in Paris?')], tools: [W] }
const answering = (...steps: string[]) => ({ answers: [{ steps }] })
const CALL = ['<tool', '_call>{"name":"get_', 'weather","arguments":{"city":"Paris"}}</tool_call>']
const PARIS = { index: 0, name: 'get_weather', arguments: { city: 'Paris' } }

interface Line {
  done: boolean
  message: { content: string; tool_calls?: { id: string; function: object }[] }
  logprobs?: { token: string }[]
}
const calls = (all: Line[]) => all.flatMap((line) => line.message.tool_calls ?? [])

test('ollama 88: tools are refused by a model that cannot call them', async () => {
  const { chat } = await serve({ models: ['msg'] })
  const reply = await chat({ model: 'msg', ...ask })
  expect([reply.status, reply.body]).toEqual([
    400,
    { error: 'registry.ollama.ai/library/msg:latest does not support tools' },
  ])
})

test('ollama 89: a call is streamed whole, and nothing of its text', async () => {
  const { chat } = await serve({ models: ['tool'], script: answering(...CALL) })
  const all: Line[] = lines(await chat({ model: 'tool', stream: true, ...ask }))
  expect(calls(all)).toEqual([{ id: expect.stringMatching(/^call_[a-z0-9]{8}$/), function: PARIS }])
  expect(all.map((line) => line.message.content).join('')).not.toContain('tool')
  expect(all.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
})

test('ollama 90: a call comes with an empty text when the answer is not streamed', async () => {
  const { chat } = await serve({ models: ['tool'], script: answering(...CALL) })
  const { body } = await chat({ model: 'tool', ...ask })
  expect(body.message).toEqual({
    role: 'assistant',
    content: '',
    tool_calls: [{ id: expect.any(String), function: PARIS }],
  })
  expect(body.done_reason).toBe('stop')
})

test('ollama 91: two calls have two places and two ids', async () => {
  const { chat } = await serve({ models: ['tool'], script: answering(...CALL, '\n', ...CALL) })
  const { tool_calls } = (await chat({ model: 'tool', ...ask })).body.message
  expect(tool_calls.map((call: { function: { index: number } }) => call.function.index)).toEqual([0, 1])
  expect(tool_calls[0].id).not.toBe(tool_calls[1].id)
})

describe('ollama 92: a model that writes calls as bare JSON', () => {
  const wanted = '{"name":"get_weather","parameters":{"city":"Paris"}}'

  test('ollama 92: is understood when its answer is one', async () => {
    const { chat } = await serve({ models: ['bare'], script: answering(wanted) })
    const { message } = (await chat({ model: 'bare', ...ask })).body
    expect([message.content, message.tool_calls[0].function]).toEqual(['', PARIS])
  })

  test.each([[`Sure ${wanted}`], ['{"x":1}'], ['{"name":"get_weather"']])(
    'ollama 92: is left alone when it says %j',
    async (text) => {
      const { chat } = await serve({ models: ['bare'], script: answering(text) })
      const { message } = (await chat({ model: 'bare', ...ask })).body
      expect(message).toEqual({ role: 'assistant', content: text })
    },
  )
})

test('ollama 93: a call of a tool that was not offered is no call', async () => {
  const text = '<tool_call>{"name":"delete_all","arguments":{}}</tool_call>'
  const { chat } = await serve({ models: ['tool'], script: answering(text) })
  const { body } = await chat({ model: 'tool', ...ask })
  expect(body.message).not.toHaveProperty('tool_calls')
})

test('ollama 94: arguments that the model wrote as text become an object', async () => {
  const text = '<tool_call>{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}</tool_call>'
  const { chat } = await serve({ models: ['tool'], script: answering(text) })
  expect((await chat({ model: 'tool', ...ask })).body.message.tool_calls[0].function).toEqual(PARIS)
})

test('ollama 95: earlier calls and their results are read; arguments as text are refused', async () => {
  const { chat, prompts } = await serve({ models: ['tool'] })
  const called = (args: unknown) => ({
    role: 'assistant',
    tool_calls: [{ function: { name: 'get_weather', arguments: args } }],
  })
  const result = { role: 'tool', tool_name: 'get_weather', content: '11' }
  const send = (args: unknown) =>
    chat({ model: 'tool', tools: [W], messages: [user('Weather?'), called(args), result] })
  expect((await send({ city: 'Paris' })).status).toBe(200)
  expect(prompts()[0]).toContain('"city": "Paris"')
  expect(prompts()[0]).toContain('[tool] 11')
  expect((await send('{}')).status).toBe(400)
})

test('ollama 97: log-probabilities keep coming while a call is gathered', async () => {
  const token = (text: string) => ({
    token: text,
    bytes: [...Buffer.from(text)],
    logprob: -1,
    alternatives: [],
  })
  const steps = CALL.map((text) => ({
    logprobs: { type: 'text' as const, text, tokens: 1, logprobs: [token(text)] },
  }))
  const { chat } = await serve({ models: ['tool'], script: { answers: [{ steps }] } })
  const all: Line[] = lines(await chat({ model: 'tool', stream: true, logprobs: true, ...ask }))
  expect(all.flatMap((line) => line.logprobs ?? []).map(({ token }) => token)).toEqual(CALL)
  expect(calls(all)).toHaveLength(1)
})
