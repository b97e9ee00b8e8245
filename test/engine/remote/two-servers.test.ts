/** One server runs the models of another, both real, so that what goes between them is what is really said. */
import { expect, test } from 'vitest'
import { testApp } from '../../helpers/app.ts'
import { PATIENT } from '../../helpers/openai-server.ts'
import type { Step } from '../../helpers/scripted-backend.ts'
import { openSocket } from '../../helpers/socket.ts'
import { user, W } from '../../routes/ollama/serve.ts'

/** `near` has stubs of three models that `far` runs. Every answer of `far` is the same. */
async function pair(steps: Step[]) {
  const names = ['tiny', 'think', 'tool'] as const
  const far = await testApp({ models: names, script: { answers: [{ steps }] } })
  const remote_host = await far.url()
  const near = await testApp({
    models: names.map((name) => ({ from: 'stub', as: name, config: { remote_host, remote_model: name } })),
    remote: { hosts: ['127.0.0.1'] },
  })
  return { near, far }
}

type Server = Awaited<ReturnType<typeof testApp>>

/** The objects of a streamed reply of either dialect. */
async function streamed({ app }: Server, url: string, payload: object) {
  const { body, statusCode } = await app.inject({
    method: 'POST',
    url,
    payload: { ...payload, stream: true },
  })
  expect(statusCode, body).toBe(200)
  const texts = body.split('\n').map((line) => line.replace(/^data: /, ''))
  return texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text))
}

/** What of an object does not depend on when it was written, and by whom. */
function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  const passing = /^(created(_at)?|id|remote_(host|model)|.*_duration)$/
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (passing.test(key) ? [] : [[key, lasting(item)]])),
  )
}

const CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
const schema = { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } }
const token = (text: string): Step => ({
  logprobs: {
    type: 'text',
    text,
    tokens: 1,
    logprobs: [
      {
        token: text,
        bytes: [...Buffer.from(text)],
        logprob: -0.5,
        alternatives: [{ token: 'x', bytes: [120], logprob: -1 }],
      },
    ],
  },
})

const CASES: [string, string, Step[], object][] = [
  ['a chat', 'tiny', ['Hel', 'lo'], {}],
  ['a thought', 'think', ['<think>', 'Hm', '</think>', 'Hi'], { think: true }],
  ['a chat without the thought', 'think', ['Hi'], { think: false }],
  ['a call of a tool', 'tool', [...CALL], { tools: [W] }],
  ['an answer in JSON', 'tiny', ['{"a"', ':1}'], { format: schema }],
  ['log-probabilities', 'tiny', [token('a'), token('b')], { logprobs: true, top_logprobs: 1 }],
]

test.each(CASES)('%s is the same as where the model runs', async (_, model, steps, fields) => {
  const { near, far } = await pair(steps)
  const asked = { model, messages: [user('hi')], options: { temperature: 0, top_p: 1 }, ...fields }
  const there = await streamed(far, '/api/chat', asked)
  const here = await streamed(near, '/api/chat', asked)
  expect(lasting(here)).toEqual(lasting(there))
  expect(here.length).toBeGreaterThan(1)
  const [first, second] = far.backend.requests
  expect(second?.text).toBe(first?.text)
  expect(near.backend.plans).toEqual([])
})

test.each([
  ['a chat', 'tiny', ['Hel', 'lo'], {}],
  ['a thought', 'think', ['<think>', 'Hm', '</think>', 'Hi'], {}],
  ['a call of a tool', 'tool', [...CALL], { tools: [W] }],
])('%s in OpenAI’s words is the same as where the model runs', async (_, model, steps, fields) => {
  const { near, far } = await pair(steps)
  const asked = { model, messages: [user('hi')], stream_options: { include_usage: true }, ...fields }
  const there = await streamed(far, '/v1/chat/completions', asked)
  const here = await streamed(near, '/v1/chat/completions', asked)
  expect(lasting(here)).toEqual(lasting(there))
})

test('a raw prompt reaches the model as it is', async () => {
  const { near, far } = await pair(['x'])
  await streamed(near, '/v1/completions', { model: 'tiny', prompt: 'as it is', raw: true })
  expect(far.backend.requests[0]?.text).toBe('as it is')
})

test('vectors are the same as where the model runs', async () => {
  const { near, far } = await pair(['x'])
  const payload = { model: 'tiny', input: ['a', 'b'] }
  const [here, there] = await Promise.all(
    [near, far].map(async ({ app }) =>
      (await app.inject({ method: 'POST', url: '/api/embed', payload })).json(),
    ),
  )
  expect(here.embeddings).toEqual(there.embeddings)
})

test('models that another server runs are listed where programs choose one', async () => {
  const { near } = await pair(['x'])
  const { data } = (await near.app.inject('/v1/models')).json()
  expect(data.map(({ id }: { id: string }) => id).toSorted()).toEqual([
    'think:latest',
    'tiny:latest',
    'tool:latest',
  ])
})

test('a client that leaves stops the model on the other machine', async () => {
  const { near, far } = await pair(['Hel', { waitMs: 60_000 }])
  const client = await openSocket(await near.url())
  client.post('/api/chat', { model: 'tiny', messages: [user('hi')] })
  await client.until('Hel')
  client.hangUp()
  await expect.poll(() => far.backend.endings, PATIENT).toEqual(['aborted'])
})

test('servers that ask each other in a circle come to an end', async () => {
  const hosts = ['127.0.0.1']
  const server = await testApp({ models: [], remote: { hosts }, settings: { maxQueue: 5 } })
  const payload = { model: 'self', from: 'self', remote_host: await server.url(), stream: false }
  expect((await server.app.inject({ method: 'POST', url: '/api/create', payload })).statusCode).toBe(200)
  const asked = { model: 'self', messages: [user('hi')], stream: false }
  const answer = await server.app.inject({ method: 'POST', url: '/api/chat', payload: asked })
  expect(answer.statusCode).toBe(503)
})
