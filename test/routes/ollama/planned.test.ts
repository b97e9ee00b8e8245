import { describe, expect, test } from 'vitest'
import type { ReadMachine } from '../../../engine/planning/types.ts'
import { testApp } from '../../helpers/app.ts'
import type { FixtureRequest } from '../../helpers/fixtures.ts'
import { type GgufTensor, u32 } from '../../helpers/gguf.ts'
import { GIB, machineWith } from '../../helpers/machines.ts'

/** What a machine of 16 GiB keeps for other programs. */
const RESERVE = 4 * GIB
const WIDTH = 1024
const TYPES = { q8_0: ['Q8_0', 7], q6_K: ['Q6_K', 18], q4_K_M: ['Q4_K', 15] } as const

/** One network in a type of blocks: two layers of a million weights in each of four matrices. */
function variant(tag: keyof typeof TYPES): FixtureRequest {
  const [type, fileType] = TYPES[tag]
  const matrix = (name: string): GgufTensor => ({ name, type, shape: [WIDTH, WIDTH] })
  const layer = (i: number) =>
    ['attn_q', 'attn_output', 'ffn_up', 'ffn_down'].map((name) => matrix(`blk.${i}.${name}.weight`))
  return {
    from: 'tiny',
    as: `fam:${tag}`,
    metadata: {
      'general.file_type': u32(fileType),
      'llama.context_length': u32(4096),
      'llama.embedding_length': u32(WIDTH),
      'llama.block_count': u32(2),
      'llama.feed_forward_length': u32(WIDTH),
      'llama.attention.head_count': u32(16),
      'llama.attention.head_count_kv': u32(1),
    },
    tensors: [{ name: 'token_embd.weight', type, shape: [WIDTH, 8] }, ...layer(0), ...layer(1)],
  }
}

/** A machine without a GPU whose free memory a test sets. */
function freeMemory(bytes: number) {
  const free = { bytes }
  const readMachine: ReadMachine = async () => {
    const machine = machineWith([], { gibibytes: 16, dataSheet: 89.6 })
    return { machine: { ...machine, ram: { ...machine.ram, availableBytes: free.bytes } }, notes: [] }
  }
  return { free, readMachine }
}

async function setup(settings = {}) {
  const { free, readMachine } = freeMemory(12 * GIB)
  const models = [variant('q8_0'), variant('q6_K'), variant('q4_K_M')]
  const { app, backend } = await testApp({ models, readMachine, settings })
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload })
  const generate = (model: string, more = {}) =>
    post('/api/generate', { model, prompt: 'hi', stream: false, ...more })
  const ps = async () => (await app.inject({ url: '/api/ps' })).json().models
  const unload = async (model: string) => {
    await post('/api/generate', { model, keep_alive: 0 })
    await expect.poll(ps).toEqual([])
  }
  /** Bytes that a model needs of main memory, as its plan says. */
  const needs = async (model: string): Promise<number> => {
    await generate(model)
    const [loaded] = await ps()
    await unload(model)
    return loaded.snug.predicted.RAM
  }
  return { app, backend, post, generate, ps, unload, needs, free }
}

describe('the tag auto', () => {
  test('takes the best installed quantization that fits as free memory falls', async () => {
    const { generate, needs, unload, free } = await setup()
    const bytes: Record<string, number> = {}
    for (const tag of Object.keys(TYPES)) bytes[tag] = await needs(`fam:${tag}`)
    for (const tag of Object.keys(TYPES)) {
      free.bytes = RESERVE + (bytes[tag] ?? 0)
      const answer = await generate('fam:auto')
      expect(answer.statusCode).toBe(200)
      expect(answer.json().model).toBe('fam:auto')
      expect(answer.headers['x-snug-model']).toBe(`fam:${tag}`)
      await unload(`fam:${tag}`)
    }
  })

  test('is told to clients of OpenAI as well, streamed or not', async () => {
    const { post } = await setup()
    for (const stream of [false, true]) {
      const messages = [{ role: 'user', content: 'Hi' }]
      const answer = await post('/v1/chat/completions', { model: 'fam:auto', messages, stream })
      expect([answer.statusCode, answer.headers['x-snug-model']]).toEqual([200, 'fam:q8_0'])
    }
  })

  test.each([
    ['/api/embed', { input: 'hi' }],
    ['/api/embed', { input: '' }],
    ['/api/embeddings', { prompt: 'hi' }],
    ['/v1/embeddings', { input: 'hi' }],
    ['/v1/rerank', { query: 'hi', documents: ['ho'] }],
    ['/api/generate', { prompt: '' }],
  ])('is told by %s to those who ask for %j', async (url, body) => {
    const { post } = await setup()
    const answer = await post(url, { model: 'fam:auto', ...body })
    // A model that cannot rank is named as well: the refusal is about that one.
    expect(answer.headers['x-snug-model']).toBe('fam:q8_0')
    expect((await post(url, { model: 'fam:q8_0', ...body })).headers).not.toHaveProperty('x-snug-model')
  })

  test('keeps the loaded one while what it holds is free for it', async () => {
    const { generate, needs, free, ps } = await setup()
    const bytes = await needs('fam:q6_K')
    free.bytes = RESERVE + bytes
    await generate('fam:auto')
    expect((await generate('fam:auto')).headers['x-snug-model']).toBe('fam:q6_K')
    expect(await ps()).toHaveLength(1)
  })

  test('is no tag of a family that is not there', async () => {
    const { generate } = await setup()
    const answer = await generate('other:auto')
    expect(answer.statusCode).toBe(404)
    expect(answer.json().error).toBe("model 'other:auto' not found")
  })

  test('does not stand for a name without a tag, nor for one with another', async () => {
    const { generate } = await setup()
    expect((await generate('fam')).statusCode).toBe(404)
    const named = await generate('fam:q8_0')
    expect(named.statusCode).toBe(200)
    expect(named.headers).not.toHaveProperty('x-snug-model')
  })
})

test('ps and show say how a model was planned, beside what they always say', async () => {
  const { generate, ps, post } = await setup({ contextLength: 0 })
  await generate('fam:q8_0')
  const [loaded] = await ps()
  expect(loaded).toMatchObject({
    name: 'fam:q8_0',
    context_length: 4096,
    snug: {
      plan: {
        num_ctx: 4096,
        num_gpu: 0,
        num_parallel: 1,
        kv_cache_type: 'f16',
        quantization: 'Q8_0',
        where: 'all on CPU',
      },
      actual: { RAM: 1_000_000 },
    },
  })
  const shown = (await post('/api/show', { model: 'fam:q8_0' })).json()
  expect(loaded.snug).toMatchObject(shown.snug)
  expect(Object.keys(shown.snug)).toEqual(['plan', 'predicted', 'actual'])
  expect(shown.details.format).toBe('gguf')
})

test('show says how a model would be planned that is not loaded, without loading it', async () => {
  const { post, ps, generate, free } = await setup({ contextLength: 0 })
  const show = async () => (await post('/api/show', { model: 'fam:q8_0' })).json()
  const { preview } = (await show()).snug
  expect(preview.plan).toMatchObject({ num_ctx: 4096, quantization: 'Q8_0', where: 'all on CPU' })
  expect(await ps()).toEqual([])
  await generate('fam:q8_0')
  const { plan, predicted } = (await show()).snug
  expect({ plan, predicted }).toEqual(preview)
  free.bytes = 2 ** 20
  await post('/api/generate', { model: 'fam:q8_0', keep_alive: 0 })
  await expect.poll(ps).toEqual([])
  expect((await show()).snug.preview.refusal).toMatch(/^model requires more system memory/)
})

test('a request that names no context gets the automatic one, and a shorter wish uses what is there', async () => {
  const { generate, ps, backend } = await setup({ contextLength: 0 })
  await generate('fam:q8_0', { options: { num_ctx: 2048 } })
  await generate('fam:q8_0')
  expect((await ps())[0].context_length).toBe(4096)
  await generate('fam:q8_0', { options: { num_ctx: 2048 } })
  await generate('fam:q8_0')
  expect(backend.plans).toHaveLength(2)
})

test('a model larger than memory is refused before it is loaded', async () => {
  const { generate, ps, free } = await setup()
  free.bytes = 2 ** 20
  const answer = await generate('fam:q8_0')
  expect(answer.statusCode).toBe(500)
  expect(answer.json().error).toMatch(
    /^model requires more system memory \(\d+\.\d MiB\) than is available \(1\.0 MiB\); /,
  )
  expect(await ps()).toEqual([])
})
