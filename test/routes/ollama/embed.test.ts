import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEncoderServer } from '../../helpers/encoder-server.ts'
import { openSocket } from '../../helpers/socket.ts'
import { serve } from './serve.ts'

const bert = (options: Parameters<typeof serve>[0] = {}) =>
  serve({ models: ['bert', 'tiny', 'rank'], ...options })
const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(' ')
const norm = (vector: readonly number[]) => Math.hypot(...vector)

describe('with a real encoder', () => {
  let folder: string
  let server: Awaited<ReturnType<typeof openEncoderServer>>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-test-'))
    server = await openEncoderServer(folder, ['mean'])
  })
  afterAll(async () => {
    await server.app.close()
    await rm(folder, { recursive: true, force: true })
  })
  const post = async (path: string, body: object) => {
    const reply = await server.app.inject({ method: 'POST', url: path, payload: { model: 'mean', ...body } })
    return { status: reply.statusCode, text: reply.body, body: reply.json() }
  }
  const embed = (body: object) => post('/api/embed', body)

  test('ollama 99: a text gets one vector of length 1', async () => {
    const { body } = await embed({ input: 'a' })
    expect(body).toMatchObject({ model: 'mean', prompt_eval_count: 3 })
    expect(body.embeddings).toHaveLength(1)
    expect(norm(body.embeddings[0])).toBeCloseTo(1, 6)
    expect(Number.isInteger(body.total_duration) && Number.isInteger(body.load_duration)).toBe(true)
  })

  test('ollama 100: texts get vectors in their order, an empty one among them too', async () => {
    const { body } = await embed({ input: ['abc', '', 'xyz'] })
    const [abc, empty, xyz] = body.embeddings
    expect(body.prompt_eval_count).toBe(5 + 2 + 5)
    expect((await embed({ input: 'abc' })).body.embeddings[0][0]).toBeCloseTo(abc[0], 5)
    expect((await embed({ input: 'xyz' })).body.embeddings[0][0]).toBeCloseTo(xyz[0], 5)
    expect(norm(empty)).toBeCloseTo(1, 6)
  })

  test('numbers are written with the digits of a float32', async () => {
    const { text, body } = await embed({ input: 'a' })
    for (const value of body.embeddings[0]) {
      expect(String(value).replace(/^-?0\.0*|[-.]|e.*$/g, '').length).toBeLessThanOrEqual(9)
    }
    expect(text).not.toMatch(/\d{12}\.|\.\d{14}/)
  })

  test('ollama 104: the end of a text that is too long is left out, exactly', async () => {
    // Eight tokens hold six letters between the two that stand around every text.
    const options = { num_ctx: 8 }
    const long = await embed({ input: 'abcdefghijklmnopqrstuvwxyz'.repeat(3), options })
    const short = await embed({ input: 'abcdef', options })
    expect(long.body.prompt_eval_count).toBe(8)
    const gaps = long.body.embeddings[0].map((value: number, i: number) =>
      Math.abs(value - short.body.embeddings[0][i]),
    )
    expect(Math.max(...gaps)).toBeLessThan(1e-5)
  })

  test('ollama 106: the older endpoint gives a BERT’s vector as the model made it', async () => {
    const { body } = await post('/api/embeddings', { prompt: 'abc' })
    expect(Object.keys(body)).toEqual(['embedding'])
    const [unit] = (await embed({ input: 'abc' })).body.embeddings
    const length = norm(body.embedding)
    expect(Math.abs(length - 1)).toBeGreaterThan(0.01)
    expect(body.embedding[3] / length).toBeCloseTo(unit[3], 5)
  })
})

describe('ollama 101: no input', () => {
  test.each([[{ input: [] }], [{ input: '' }], [{ input: null }], [{}]])(
    'ollama 101: %j only loads the model',
    async (body) => {
      const { embed, ps, backend } = await bert()
      const reply = await embed({ model: 'bert', ...body })
      expect([reply.status, reply.body]).toEqual([200, { model: 'bert', embeddings: [] }])
      expect(await ps()).toHaveLength(1)
      expect(backend.embedded).toEqual([])
    },
  )
})

test.each([[5], [{}], [['a', 1]], [true]])(
  'ollama 102: %j is no input, whether or not the model is there',
  async (input) => {
    const { embed } = await bert()
    for (const model of ['bert', 'nope']) {
      const reply = await embed({ model, input })
      expect([reply.status, reply.body]).toEqual([400, { error: 'invalid input type' }])
    }
  },
)

test('ollama 103: vectors are cut to the dimensions asked for, and have length 1 again', async () => {
  const { embed } = await bert()
  const ask = async (dimensions: number) =>
    (await embed({ model: 'bert', input: 'a', dimensions })).body.embeddings[0]
  expect(await ask(2)).toHaveLength(2)
  expect(norm(await ask(2))).toBeCloseTo(1, 6)
  expect([(await ask(99)).length, (await ask(0)).length, (await ask(-1)).length]).toEqual([4, 4, 4])
})

test('ollama 104: a text that is too long is cut to the context, or refused when that is wanted', async () => {
  const { embed, backend } = await bert()
  const body = { model: 'bert', input: words(40), options: { num_ctx: 8 } }
  const cut = await embed(body)
  expect([cut.status, cut.body.prompt_eval_count]).toEqual([200, 8])
  expect(backend.embedded).toEqual([[`${words(8)} `]])
  const refused = await embed({ ...body, truncate: false })
  expect([refused.status, refused.body]).toEqual([
    400,
    { error: 'the input length exceeds the context length' },
  ])
  expect((await embed({ ...body, input: words(8), truncate: false })).status).toBe(200)
})

describe('ollama 105: what the engine may give', () => {
  test('ollama 105: numbers that are none are refused', async () => {
    const { embed } = await bert({ script: { vector: () => [1, NaN, 0, 0] } })
    const reply = await embed({ model: 'bert', input: 'a' })
    expect([reply.status, reply.body]).toEqual([400, { error: 'embedding contains NaN or Inf values' }])
  })

  test('ollama 105: zeros stay zeros', async () => {
    const { embed } = await bert({ script: { vector: () => [0, 0, 0, 0] } })
    const reply = await embed({ model: 'bert', input: 'a' })
    expect([reply.status, reply.body.embeddings]).toEqual([200, [[0, 0, 0, 0]]])
  })
})

describe('ollama 106: the older endpoint', () => {
  test('ollama 106: an empty prompt loads the model', async () => {
    const { embeddings, ps } = await bert()
    const reply = await embeddings({ model: 'bert', prompt: '' })
    expect([reply.status, reply.body]).toEqual([200, { embedding: [] }])
    expect(await ps()).toHaveLength(1)
  })

  test('ollama 106: gives one vector and nothing else', async () => {
    const { embeddings } = await bert()
    expect((await embeddings({ model: 'bert', prompt: 'a' })).body).toEqual({ embedding: [0.25, -0.5, 1, 2] })
    const chat = await embeddings({ model: 'tiny', prompt: 'a' })
    expect(norm(chat.body.embedding)).toBeCloseTo(1, 6)
  })

  test('cuts nothing: a prompt that is too long is the engine’s fault', async () => {
    const { embeddings } = await bert()
    const reply = await embeddings({ model: 'bert', prompt: words(40), options: { num_ctx: 8 } })
    expect([reply.status, reply.body]).toEqual([
      500,
      { error: 'the input length exceeds the context length' },
    ])
  })
})

describe('names', () => {
  test('ollama 28: a request without a model says so, each endpoint in its own words', async () => {
    const { embed, embeddings } = await bert()
    const [newer, older] = [await embed({}), await embeddings({})]
    expect([newer.status, newer.body]).toEqual([404, { error: "model '' not found" }])
    expect([older.status, older.body]).toEqual([400, { error: 'model is required' }])
  })

  test.each(['embed', 'embeddings'] as const)(
    'ollama 29: %s refuses what is no model name',
    async (endpoint) => {
      const reply = await (await bert())[endpoint]({ model: '^', input: 'a', prompt: 'a' })
      expect([reply.status, reply.body]).toEqual([400, { error: 'invalid model name' }])
    },
  )

  test.each(['embed', 'embeddings'] as const)('ollama 32: %s says where to get a model', async (endpoint) => {
    const reply = await (await bert())[endpoint]({ model: 'nope', input: 'a', prompt: 'a' })
    expect([reply.status, reply.body]).toEqual([
      404,
      { error: 'model "nope" not found, try pulling it first' },
    ])
  })

  test.each(['embed', 'embeddings'] as const)('%s refuses a cloud model', async (endpoint) => {
    const reply = await (await bert())[endpoint]({ model: 'm:cloud', input: 'a', prompt: 'a' })
    expect([reply.status, reply.body]).toEqual([
      403,
      { error: 'ollama cloud is disabled: remote model is unavailable' },
    ])
  })
})

test.each(['/api/embed', '/api/embeddings'])('ollama 8: %s without a body is refused', async (path) => {
  const { http } = await bert()
  const reply = await http.post(path)
  expect([reply.status, reply.body]).toEqual([400, { error: 'missing request body' }])
})

test('ollama 166: an embedding model gets one place however many requests may run at once', async () => {
  const { embed, backend } = await bert({ settings: { parallel: 4 } })
  await embed({ model: 'bert', input: 'a' })
  await embed({ model: 'tiny', input: 'a' })
  expect(backend.plans).toMatchObject([{ slots: 1, embedsOnly: true, batchTokens: 2048 }, { slots: 4 }])
  expect(backend.plans[1]).not.toHaveProperty('embedsOnly')
})

test('a model that chats embeds too', async () => {
  const { embed } = await bert()
  expect((await embed({ model: 'tiny', input: 'a' })).body.embeddings[0]).toHaveLength(4)
})

test('a reranker gives no embeddings', async () => {
  const { embed, backend } = await bert()
  const reply = await embed({ model: 'rank', input: 'a' })
  expect([reply.status, reply.body]).toEqual([400, { error: '"rank" does not support embedding' }])
  expect(backend.plans).toEqual([])
})

test('keep_alive and options count as anywhere', async () => {
  const { embed, ps } = await bert()
  const wrong = await embed({ model: 'bert', input: 'a', options: { num_ctx: 'x' } })
  expect([wrong.status, wrong.body]).toEqual([500, { error: 'option "num_ctx" must be of type integer' }])
  await embed({ model: 'bert', input: 'a', keep_alive: 0 })
  await expect.poll(ps).toEqual([])
})

test('a client that leaves while the model is loaded stops the load', async () => {
  const { url, backend, ps } = await bert({ script: { loadMs: 60_000 } })
  const socket = await openSocket(await url())
  socket.post('/api/embed', { model: 'bert', input: 'a' })
  await expect.poll(() => backend.plans.length).toBe(1)
  socket.hangUp()
  await expect.poll(ps).toEqual([])
  expect(backend.embedded).toEqual([])
})
