/** Embeddings and scores of real child processes with random models. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { LoadPlan, Runner } from '../../../engine/backend.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { u32 } from '../../helpers/gguf.ts'
import {
  CLS,
  EMBEDDING_LENGTH,
  letterToken,
  POOLING_TYPE,
  SEP,
  VOCABULARY_SIZE,
  writeRandomEncoder,
} from '../../helpers/random-encoder.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { planFor, requestFor, testRunner } from '../../helpers/runner.ts'

const signal = new AbortController().signal

/** As a part of a vector's length: llama.cpp's GELU is a table in half precision, so steps in it show. */
const SAME = 2e-4
/** A decoder computes each input as if it were alone. */
const EQUAL = 1e-6
/** Flash attention adds up in half precision, in an order that depends on the step: too coarse to compare. */
const EXACT = { flashAttention: false } as const

async function start(plan: LoadPlan): Promise<Runner> {
  const runner = await startRunner({
    plan,
    libraryDir: undefined,
    environment: {},
    signal,
    onProgress() {},
    log() {},
  })
  onTestFinished(() => runner.close())
  return runner
}

async function encoder(pooling: keyof typeof POOLING_TYPE, change: Partial<LoadPlan> = {}) {
  const path = join(await tempFolder(), 'encoder.gguf')
  await writeRandomEncoder(path, pooling)
  return start(planFor(path, { ...EXACT, contextLength: 64, embedsOnly: true, ...change }))
}

async function decoder(pooling: keyof typeof POOLING_TYPE, change: Partial<LoadPlan> = {}) {
  const path = join(await tempFolder(), 'decoder.gguf')
  await writeRandomModel(path, SHAPE_SMALL, {
    extra: { 'llama.pooling_type': u32(POOLING_TYPE[pooling]) },
  })
  return start(planFor(path, { ...EXACT, embedsOnly: true, ...change }))
}

async function vectorsOf(runner: Runner, inputs: readonly (readonly number[])[], abort = signal) {
  if (runner.embed === undefined) throw new Error('the runner does not embed')
  return runner.embed(inputs, abort)
}

const word = (text: string) => [CLS, ...[...text].map(letterToken), SEP]
const words = (count: number, from = 300) => Array.from({ length: count }, (_, i) => from + (i % 200))

function distance(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length) return Number.POSITIVE_INFINITY
  const length = Math.hypot(...a)
  return Math.hypot(...a.map((value, i) => value - (b[i] ?? 0))) / length
}
describe.each(['mean', 'cls'] as const)('an encoder with %s pooling', (pooling) => {
  test('gives an input the same vector whatever else is in the step', async () => {
    const runner = await encoder(pooling)
    const [alone] = await vectorsOf(runner, [word('abc')])
    const together = await vectorsOf(runner, [word('xyz'), word('abc'), word('q'), word('abc')])
    expect(alone).toHaveLength(EMBEDDING_LENGTH)
    expect(distance(alone, together[1])).toBeLessThan(SAME)
    expect(distance(together[1], together[3])).toBeLessThan(SAME)
    expect(distance(alone, together[0])).toBeGreaterThan(0.05)
  })

  test('has no memory of earlier steps', async () => {
    const runner = await encoder(pooling)
    const inputs = Array.from({ length: 40 }, (_, i) => word('abcdefghij'.slice(0, 1 + (i % 10))))
    const first = await vectorsOf(runner, inputs)
    const second = await vectorsOf(runner, inputs.toReversed())
    const gaps = first.map((vector, i) => distance(vector, second[inputs.length - 1 - i]))
    expect(Math.max(...gaps)).toBeLessThan(SAME)
  })
})

test('an encoder sees both ways: what follows a token changes its vector', async () => {
  const runner = await encoder('cls')
  const [short, long] = await vectorsOf(runner, [word('ab'), word('abz')])
  expect(distance(short, long)).toBeGreaterThan(0.01)
})

describe.each(['last', 'mean'] as const)('a decoder with %s pooling', (pooling) => {
  test('gives an input the same vector whatever else is in the step', async () => {
    const runner = await decoder(pooling)
    const [alone] = await vectorsOf(runner, [words(9)])
    const together = await vectorsOf(runner, [words(20, 270), words(9), words(3, 290)])
    expect(distance(alone, together[1])).toBeLessThan(EQUAL)
    expect(distance(alone, together[0])).toBeGreaterThan(0.1)
  })
})

test('a decoder that looks at the last token takes an input in several steps', async () => {
  const small = await decoder('last', { batchTokens: 32 })
  const large = await decoder('last', { batchTokens: 256 })
  expect(small.info.embedding?.maxTokens).toBe(256)
  const inputs = [words(200), words(5), words(120, 280)]
  const [inSteps, atOnce] = [await vectorsOf(small, inputs), await vectorsOf(large, inputs)]
  for (const [i, vector] of inSteps.entries()) expect(distance(vector, atOnce[i])).toBeLessThan(EQUAL)
})

test('a decoder that averages takes no input longer than a step', async () => {
  const runner = await decoder('mean', { batchTokens: 32 })
  expect(runner.info.embedding?.maxTokens).toBe(32)
  await expect(vectorsOf(runner, [words(33)])).rejects.toMatchObject({
    code: 'context_overflow',
    message: 'the input length exceeds the context length',
  })
  expect(await vectorsOf(runner, [words(32)])).toHaveLength(1)
})

test.each([
  ['no tokens', [], 'input content cannot be empty'],
  ['a token beyond the vocabulary', [VOCABULARY_SIZE], `token ${VOCABULARY_SIZE} is not in the vocabulary`],
  ['a negative token', [-1], 'token -1 is not in the vocabulary'],
])('an input with %s fails its request and no other', async (_, input, message) => {
  const runner = await encoder('mean')
  const bad = vectorsOf(runner, [word('a'), input])
  const good = vectorsOf(runner, [word('a')])
  await expect(bad).rejects.toThrow(message)
  expect(await good).toHaveLength(1)
})

test('requests that come together are all answered, each with its own vectors', async () => {
  const runner = await encoder('mean')
  const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee']
  const single = await Promise.all(texts.map((text) => vectorsOf(runner, [word(text)])))
  const many = await vectorsOf(runner, texts.map(word))
  for (const [i, [vector]] of single.entries()) expect(distance(vector, many[i])).toBeLessThan(SAME)
})

test('what is left of a request that is aborted is not evaluated', async () => {
  const runner = await decoder('last', { batchTokens: 64 })
  const leaving = new AbortController()
  const long = vectorsOf(runner, new Array(4000).fill(words(60)), leaving.signal)
  await expect.poll(async () => (await runner.status()).waiting).toBeGreaterThan(0)
  leaving.abort(new Error('left'))
  await expect(long).rejects.toThrow('left')
  expect((await runner.status()).waiting).toBe(0)
  expect(await vectorsOf(runner, [words(3)])).toHaveLength(1)
})

test('a model that chats embeds too, while it answers', async () => {
  const runner = await testRunner(EXACT)
  expect(runner.info.embedding).toMatchObject({ pooling: 'last', length: SHAPE_SMALL.embedding })
  const [before] = await vectorsOf(runner, [words(7)])
  const leaving = new AbortController()
  const kinds: string[] = []
  const answering = (async () => {
    for await (const event of runner.generate(requestFor([1, 300, 301]), leaving.signal)) {
      kinds.push(event.type)
      if (kinds.length === 20) leaving.abort(new Error('enough'))
    }
  })()
  const during = await Promise.all(Array.from({ length: 10 }, () => vectorsOf(runner, [words(7)])))
  await expect(answering).rejects.toThrow('enough')
  expect(kinds.filter((kind) => kind === 'text').length).toBeGreaterThan(10)
  for (const [vector] of during) expect(distance(before, vector)).toBeLessThan(EQUAL)
})

test('a model that only embeds refuses to generate', async () => {
  const runner = await encoder('mean')
  const answer = async () => {
    for await (const _event of runner.generate(requestFor(word('a')), signal));
  }
  await expect(answer()).rejects.toMatchObject({ code: 'unsupported' })
  expect(await runner.status()).toMatchObject({ busySlots: 0, waiting: 0 })
})

test('a reranker gives each pair one score, the same whatever else is in the step', async () => {
  const runner = await encoder('rank')
  expect(runner.embed).toBeUndefined()
  expect(runner.info.embedding).toMatchObject({
    pooling: 'rank',
    length: 1,
    pair: { before: [CLS], between: [SEP], after: [] },
  })
  const pair = (a: string, b: string) => [...word(a), ...[...b].map(letterToken)]
  const scores = (await runner.rerank?.([pair('a', 'b'), pair('a', 'zzz'), pair('a', 'b')], signal)) ?? []
  const alone = (await runner.rerank?.([pair('a', 'b')], signal)) ?? []
  expect(scores).toHaveLength(3)
  expect(scores[0]).toBeCloseTo(scores[2] ?? NaN, 5)
  expect(scores[0]).toBeCloseTo(alone[0] ?? NaN, 4)
  expect(Math.abs((scores[0] ?? 0) - (scores[1] ?? 0))).toBeGreaterThan(1e-4)
})
