import { describe, expect, test } from 'vitest'
import { testApp } from '../../helpers/app.ts'
import type { Script } from '../../helpers/scripted-backend.ts'
import { handMade, post, says } from './hand-made.ts'

async function ask(script: Partial<Script> = {}) {
  const { app, backend } = await testApp({ models: ['bert', 'tiny', 'rank'], script })
  const embed = async (body: object) => {
    const reply = await post(app, '/v1/embeddings', { model: 'bert', ...body })
    return { status: reply.statusCode, body: reply.json() }
  }
  return { app, backend, embed }
}
const norm = (vector: readonly number[]) => Math.hypot(...vector)
const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(' ')

/** An engine that gives every input this vector as it is. */
function giving(...vector: number[]) {
  const embed = async ({ inputs }: { inputs: readonly unknown[] }) => ({
    vectors: inputs.map(() => Float32Array.from(vector)),
    promptTokens: inputs.length,
    loadMs: 1,
    totalMs: 2,
  })
  return handMade(says(), undefined, { embed }).app
}

test('openai 104: base64 is the float32 bytes, little-endian', async () => {
  const body = { model: 'tiny', input: 'a', encoding_format: 'base64' }
  const reply = await post(giving(0.25, -0.5, 1, 2), '/v1/embeddings', body)
  expect(reply.json().data).toEqual([
    { object: 'embedding', index: 0, embedding: 'AACAPgAAAL8AAIA/AAAAQA==' },
  ])
})

describe('openai 105: encoding_format', () => {
  test('openai 105: float, or none, gives numbers with the digits of a float32', async () => {
    const app = giving(0.1, 0.25)
    for (const more of [{}, { encoding_format: 'float' }, { encoding_format: null }]) {
      const reply = await post(app, '/v1/embeddings', { model: 'tiny', input: 'a', ...more })
      expect(reply.body).toContain('"embedding":[0.1,0.25]')
    }
  })

  test('openai 105: case does not matter', async () => {
    const { embed } = await ask()
    const { body } = await embed({ input: 'a', encoding_format: 'BASE64' })
    expect(body.data[0].embedding).toMatch(/^[A-Za-z0-9+/]{22}==$/)
  })

  test('openai 105: anything else is refused', async () => {
    const { embed } = await ask()
    const { status, body } = await embed({ input: 'a', encoding_format: 'hex' })
    expect([status, body.error]).toEqual([
      400,
      {
        message: "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64'].",
        type: 'invalid_request_error',
        param: 'encoding_format',
        code: null,
      },
    ])
  })
})

test('openai 106: texts get items in their order, and the tokens of all are counted', async () => {
  const { embed } = await ask()
  const { body } = await embed({ input: ['a', 'b'] })
  expect(body).toMatchObject({
    object: 'list',
    model: 'bert',
    data: [
      { object: 'embedding', index: 0 },
      { object: 'embedding', index: 1 },
    ],
    usage: { prompt_tokens: 2, total_tokens: 2 },
  })
})

describe('openai 107: inputs', () => {
  test.each([[{ input: [] }], [{}], [{ input: null }]])('openai 107: %j is nothing', async (input) => {
    const { embed } = await ask()
    const { status, body } = await embed(input)
    expect([status, body.error.message]).toEqual([400, 'invalid input'])
  })

  test.each([[{}], [5], [['a', 1]], [[[]]], [[1.5]]])('openai 107: %j is of no known form', async (input) => {
    const { embed } = await ask()
    const { status, body } = await embed({ input })
    expect([status, body.error.message]).toEqual([400, 'invalid input type'])
  })

  test('openai 107: an empty text has a vector', async () => {
    const { embed } = await ask()
    expect((await embed({ input: '' })).body.data).toHaveLength(1)
  })
})

describe('openai 108: tokens', () => {
  test('openai 108: a list is one input, a list of lists several, fed as they are', async () => {
    const { embed, backend } = await ask()
    await embed({ input: 'one two ' })
    expect((await embed({ input: [1, 0] })).body.data).toHaveLength(1)
    const { body } = await embed({ input: [[1], [0]] })
    expect([body.data.length, body.usage.prompt_tokens]).toEqual([2, 2])
    expect(backend.embedded.slice(1)).toEqual([['two one '], ['two ', 'one ']])
  })

  test('openai 108: tokens the model does not have are refused', async () => {
    const { embed, backend } = await ask()
    const { status, body } = await embed({ input: [[1], [32_000]] })
    expect([status, body.error.message]).toEqual([400, 'token 32000 is not in the vocabulary'])
    expect(backend.embedded).toEqual([])
  })

  test('too many tokens are cut at the end', async () => {
    const { embed } = await ask()
    const input = Array.from({ length: 40 }, () => 1)
    const { body } = await embed({ input, options: { num_ctx: 8 } })
    expect(body.usage.prompt_tokens).toBe(8)
  })
})

test('openai 109: vectors are cut to the dimensions asked for, and have length 1 again', async () => {
  const { embed } = await ask()
  const of = async (dimensions: number) => (await embed({ input: 'a', dimensions })).body.data[0].embedding
  expect(await of(2)).toHaveLength(2)
  expect(norm(await of(2))).toBeCloseTo(1, 6)
  expect(await of(99)).toHaveLength(4)
  const { status, body } = await embed({ input: 'a', dimensions: 0 })
  expect([status, body.error.message]).toEqual([400, "'dimensions' must be at least 1"])
})

describe('openai 110: refusals', () => {
  test('openai 110: a model that is not installed', async () => {
    const { embed } = await ask()
    const { status, body } = await embed({ model: 'nope', input: 'a' })
    expect([status, body.error.message]).toEqual([404, 'model "nope" not found, try pulling it first'])
    expect(body.error.code).toBe('model_not_found')
  })

  test('openai 110: a text that is too long is cut, or refused with truncate false', async () => {
    const { embed } = await ask()
    const long = { input: words(40), options: { num_ctx: 8 } }
    expect((await embed(long)).body.usage.prompt_tokens).toBe(8)
    const { status, body } = await embed({ ...long, truncate: false })
    expect([status, body.error]).toMatchObject([
      400,
      { code: 'context_length_exceeded', n_prompt_tokens: 40, n_ctx: 8 },
    ])
  })
})

test('the address without the prefix works', async () => {
  const { app } = await ask()
  expect((await post(app, '/embeddings', { model: 'bert', input: 'a' })).statusCode).toBe(200)
})

test('what OpenAI’s other clients add is ignored', async () => {
  const { embed } = await ask()
  const more = { user: 'u', input_type: 'query', task: 'x', prompt_name: null, keep_alive: '1m' }
  expect((await embed({ input: 'a', ...more })).status).toBe(200)
})

test('a finished request leaves its numbers in the log', async () => {
  const { app, log } = handMade(says(), undefined, {
    embed: async () => ({ vectors: [], promptTokens: 5, loadMs: 1, totalMs: 3 }),
  })
  await post(app, '/v1/embeddings', { model: 'tiny', input: 'a' })
  await expect
    .poll(() => log)
    .toContainEqual(expect.objectContaining({ model: 'tiny:latest', promptTokens: 5, promptMs: 2 }))
})
