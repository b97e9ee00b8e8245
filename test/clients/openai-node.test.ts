import OpenAI, { APIError, NotFoundError } from 'openai'
import { LengthFinishReasonError } from 'openai/core/error'
import { zodResponseFormat } from 'openai/helpers/zod'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { EngineError } from '../../engine/errors.ts'
import { type TestAppOptions, testApp } from '../helpers/app.ts'
import type { Step } from '../helpers/scripted-backend.ts'
import { fails, handMade, type Run, says, text } from '../routes/openai/hand-made.ts'

const at = (url: string, maxRetries = 0) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries })

/** The official client on a whole server. */
async function connect(options: TestAppOptions = {}) {
  const server = await testApp(options)
  return { client: at(await server.url()), ...server }
}
const answers = (...steps: Step[]): TestAppOptions => ({ script: { answers: [{ steps }] } })

const HI = { model: 'tiny', messages: [{ role: 'user' as const, content: 'hi' }] }

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
}
const callText = (args: object) =>
  `<tool_call>\n${JSON.stringify({ name: 'get_weather', arguments: args })}\n</tool_call>`

test('openai 26: a chat answers', async () => {
  const { client } = await connect(answers('Hi'))
  const completion = await client.chat.completions.create(HI)
  expect(completion.choices[0]?.message.content).toBe('Hi')
  expect(completion.usage?.total_tokens).toBeGreaterThan(1)
})

test('openai 4: the client shows the id of the request', async () => {
  const { client } = await connect()
  const promise = client.chat.completions.create(HI)
  const { response } = await promise.withResponse()
  const { _request_id } = await promise
  expect(_request_id).toMatch(/^req_/)
  expect(_request_id).toBe(response.headers.get('request-id'))
})

test('openai 29: an unknown model is a NotFoundError', async () => {
  const { client } = await connect()
  const error = await client.chat.completions.create({ ...HI, model: 'nope' }).catch((e) => e)
  expect(error).toBeInstanceOf(NotFoundError)
  expect(error).toMatchObject({
    status: 404,
    code: 'model_not_found',
    type: 'not_found_error',
    param: 'model',
    message: "404 model 'nope' not found",
  })
})

/** Counts how often it is run. */
function failing(error: Error): { run: Run; count: () => number } {
  let count = 0
  const run: Run = (job, signal) => {
    count += 1
    return fails(error)(job, signal)
  }
  return { run, count: () => count }
}

test('openai 20: a runner that died is asked three times', async () => {
  const { run, count } = failing(new EngineError('runner_died', 'gone'))
  const client = at(await handMade(run).url(), 2)
  await expect(client.chat.completions.create(HI)).rejects.toMatchObject({ status: 500 })
  expect(count()).toBe(3)
})

test('openai 20: a model that cannot be loaded is asked for once', async () => {
  const { run, count } = failing(new EngineError('load_failed', 'needs 9.1 GB'))
  const client = at(await handMade(run).url(), 2)
  await expect(client.chat.completions.create(HI)).rejects.toMatchObject({ status: 500 })
  expect(count()).toBe(1)
})

test('openai 29: an unknown model is asked for once', async () => {
  const { app, url } = handMade(says())
  let requests = 0
  app.server.on('request', () => {
    requests += 1
  })
  const client = at(await url(), 2)
  await expect(client.chat.completions.create({ ...HI, model: 'nope' })).rejects.toMatchObject({
    status: 404,
  })
  expect(requests).toBe(1)
})

test('openai 53: a tool call arrives whole', async () => {
  const { client } = await connect(answers(callText({ city: 'Paris' })))
  const { choices } = await client.chat.completions.create({ ...HI, model: 'tool', tools: [WEATHER] })
  const [call] = choices[0]?.message.tool_calls ?? []
  expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } })
  expect(JSON.parse(call?.type === 'function' ? call.function.arguments : '')).toEqual({ city: 'Paris' })
})

const Event = z.object({ name: z.string(), people: z.array(z.string()), place: z.string().nullable() })
const EVENT = { name: 'Fair', people: ['Ada'], place: null }

test('openai 61: parse() returns the object of the schema', async () => {
  const { client, backend } = await connect(answers(JSON.stringify(EVENT)))
  const completion = await client.chat.completions.parse({
    ...HI,
    response_format: zodResponseFormat(Event, 'event'),
  })
  expect(completion.choices[0]?.message.parsed).toEqual(EVENT)
  expect(backend.requests[0]?.grammar).toContain('people')
})

test('openai 63: parse() of a cut answer throws LengthFinishReasonError', async () => {
  const { client } = await connect({
    script: { answers: [{ steps: ['{"na'], reason: 'length' }] },
  })
  const parsing = client.chat.completions.parse({
    ...HI,
    response_format: zodResponseFormat(Event, 'event'),
  })
  await expect(parsing).rejects.toBeInstanceOf(LengthFinishReasonError)
})

test('openai 72: the stream helper adds up to the whole answer', async () => {
  const { client } = await connect(answers('Hel', 'lo'))
  const completion = await client.chat.completions.stream(HI).finalChatCompletion()
  expect(completion.choices[0]).toMatchObject({
    message: { role: 'assistant', content: 'Hello' },
    finish_reason: 'stop',
  })
})

test('openai 73: the stream helper knows the usage', async () => {
  const { client } = await connect(answers('Hi'))
  const stream = client.chat.completions.stream({ ...HI, stream_options: { include_usage: true } })
  const { usage } = await stream.finalChatCompletion()
  expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + 1)
})

test('openai 74: the stream helper accepts an empty answer', async () => {
  const { client } = await connect(answers())
  const completion = await client.chat.completions.stream(HI).finalChatCompletion()
  expect(completion.choices[0]?.finish_reason).toBe('stop')
})

test('openai 77: the stream helper keeps two calls apart', async () => {
  const { client } = await connect(answers(callText({ city: 'Paris' }), callText({ city: 'Rome' })))
  const completion = await client.chat.completions
    .stream({ ...HI, model: 'tool', tools: [WEATHER] })
    .finalChatCompletion()
  const calls = completion.choices[0]?.message.tool_calls ?? []
  expect(calls.map((call) => JSON.parse(call.function.arguments))).toEqual([
    { city: 'Paris' },
    { city: 'Rome' },
  ])
  expect(completion.choices[0]?.finish_reason).toBe('tool_calls')
})

test('openai 78: the stream helper reads a call without arguments', async () => {
  const { client } = await connect(answers(callText({})))
  const completion = await client.chat.completions
    .stream({ ...HI, model: 'tool', tools: [WEATHER] })
    .finalChatCompletion()
  expect(completion.choices[0]?.message.tool_calls?.[0]?.function.arguments).toBe('{}')
})

test('openai 80: thoughts are in the chunks under both names', async () => {
  const { client } = await connect(answers('<think>', 'h', 'm', '</think>', '4'))
  const stream = await client.chat.completions.create({ ...HI, model: 'think', stream: true })
  let thoughts = ''
  let content = ''
  for await (const chunk of stream) {
    const delta = (chunk.choices[0]?.delta ?? {}) as { reasoning_content?: string; content?: string }
    thoughts += delta.reasoning_content ?? ''
    content += delta.content ?? ''
  }
  expect({ thoughts, content }).toEqual({ thoughts: 'hm', content: '4' })
})

test('openai 83: the stream helper adds two answers up apart', async () => {
  const { client } = await connect({ script: { answers: [{ steps: ['a', 'b'] }, { steps: ['c'] }] } })
  const { choices } = await client.chat.completions.stream({ ...HI, n: 2 }).finalChatCompletion()
  expect(choices.map(({ message }) => message.content).sort()).toEqual(['ab', 'c'])
  expect(choices.map(({ finish_reason }) => finish_reason)).toEqual(['stop', 'stop'])
})

test('openai 84: the stream helper collects log-probabilities', async () => {
  const token = { token: 'a', bytes: [97], logprob: -1 }
  const piece = { type: 'text-delta' as const, text: 'a', logprobs: [{ ...token, alternatives: [token] }] }
  const client = at(await handMade(says(piece, piece)).url())
  const completion = await client.chat.completions
    .stream({ ...HI, logprobs: true, top_logprobs: 1 })
    .finalChatCompletion()
  expect(completion.choices[0]?.logprobs?.content).toEqual(Array(2).fill({ ...token, top_logprobs: [token] }))
})

test('openai 86: a failure in mid-stream is thrown with its message', async () => {
  const run = fails(new EngineError('runner_died', 'the runner is gone'), { type: 'started' }, text('a'))
  const client = at(await handMade(run).url())
  const error = await client.chat.completions
    .stream(HI)
    .finalChatCompletion()
    .catch((e) => e)
  expect(error).toBeInstanceOf(APIError)
  expect(error.message).toContain('the runner is gone')
})

test('openai 23: aborting a stream ends the work behind it', async () => {
  const { client, backend } = await connect(answers('a', { waitMs: 60_000 }, 'b'))
  const stream = await client.chat.completions.create({ ...HI, stream: true })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
  stream.controller.abort()
  await expect.poll(() => backend.endings, { timeout: 1000 }).toEqual(['aborted'])
})

test('openai 66: extensions go through the client', async () => {
  const { client, backend } = await connect()
  const extensions = { num_ctx: 2048, options: { top_k: 5 } }
  await client.chat.completions.create({ ...HI, ...extensions })
  expect(backend.plans[0]?.contextLength).toBe(2048)
  expect(backend.requests[0]?.sampling.topK).toBe(5)
})

test('openai 91: text completions answer every prompt', async () => {
  const { client } = await connect()
  const { choices } = await client.completions.create({ model: 'tiny', prompt: ['a', 'b'], n: 2 })
  expect(choices.map(({ index, text: one }) => [index, one])).toEqual([
    [0, 'Hello world'],
    [1, 'Hello world'],
    [2, 'Hello world'],
    [3, 'Hello world'],
  ])
})

test('openai 97: text completions stream', async () => {
  const { client } = await connect()
  let whole = ''
  for await (const chunk of await client.completions.create({ model: 'tiny', prompt: 'a', stream: true })) {
    whole += chunk.choices[0]?.text ?? ''
  }
  expect(whole).toBe('Hello world')
})

test('openai 99: an empty server lists no models', async () => {
  const { client } = await connect({ models: [] })
  expect((await client.models.list()).data).toEqual([])
})

test('openai 101: a name with slashes is retrieved', async () => {
  const { client } = await connect({ models: [{ from: 'tiny', as: 'hf.co/u/r:Q4' }] })
  expect((await client.models.retrieve('hf.co/u/r:Q4')).id).toBe('hf.co/u/r:Q4')
})

test('openai 102: a model is retrieved under the name it was asked by', async () => {
  const { client } = await connect()
  expect((await client.models.retrieve('tiny')).id).toBe('tiny')
})

test('openai 102: retrieving an unknown model is a NotFoundError', async () => {
  const { client } = await connect()
  await expect(client.models.retrieve('nope')).rejects.toBeInstanceOf(NotFoundError)
})

test('openai 159: what is not served is a NotFoundError after one request', async () => {
  const { app, url } = handMade(says())
  let requests = 0
  app.server.on('request', () => {
    requests += 1
  })
  const client = at(await url(), 2)
  const wishes = [
    client.images.generate({ prompt: 'a cat' }),
    client.audio.speech.create({ input: 'hi', model: 'tiny', voice: 'alloy' }),
    client.moderations.create({ input: 'hi' }),
  ]
  const outcomes = await Promise.allSettled(wishes)
  for (const outcome of outcomes) {
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(NotFoundError)
  }
  expect(requests).toBe(3)
})

test('openai 104: the client asks for base64 by itself and gives numbers', async () => {
  const { client } = await connect({ script: { vector: () => [0.5, -0.5, 0.5, 0.5] } })
  const { data, model } = await client.embeddings.create({ model: 'bert', input: 'a' })
  expect([data[0]?.embedding, model]).toEqual([[0.5, -0.5, 0.5, 0.5], 'bert'])
})

test('openai 105: the client gets numbers as numbers and base64 untouched when it asks for them', async () => {
  const { client } = await connect({ script: { vector: () => [0.5, -0.5, 0.5, 0.5] } })
  const ask = { model: 'bert', input: 'a' }
  const float = await client.embeddings.create({ ...ask, encoding_format: 'float' })
  expect(float.data[0]?.embedding).toEqual([0.5, -0.5, 0.5, 0.5])
  const base64 = await client.embeddings.create({ ...ask, encoding_format: 'base64' })
  expect(base64.data[0]?.embedding).toBe('AAAAPwAAAL8AAAA/AAAAPw==')
})

test('openai 110: an unknown model for embeddings is a NotFoundError', async () => {
  const { client } = await connect()
  const asked = client.embeddings.create({ model: 'nope', input: 'a' })
  await expect(asked).rejects.toBeInstanceOf(NotFoundError)
})
