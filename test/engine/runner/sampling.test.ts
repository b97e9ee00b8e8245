import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Runner, RunnerRequest } from '../../../engine/backend.ts'
import type { SamplingOptions } from '../../../engine/model-options.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { GREEDY, outputOf, planFor, requestFor } from '../../helpers/runner.ts'

const PROMPT = [1, 300, 301, 302, 303, 304, 305, 306]
/** Hot enough that the random model says something else with every seed. */
const HOT: SamplingOptions = { ...GREEDY, temperature: 2 }
/** Keeps every token, yet needs them all: llama.cpp's own chain works on the whole vocabulary. */
const WHOLE_VOCABULARY: Partial<SamplingOptions> = { topNSigma: 1e8 }

let runner: Runner
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snug-sampling-'))
  const path = join(folder, 'random.gguf')
  await writeRandomModel(path, SHAPE_SMALL)
  runner = await startRunner({
    plan: planFor(path),
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log() {},
  })
}, 30_000)

afterAll(async () => {
  await runner.close()
  await rm(folder, { recursive: true })
})

async function answer(change: Partial<RunnerRequest>, maxTokens = 30) {
  const output = await outputOf(runner, requestFor(PROMPT, { maxTokens, returnTokens: true, ...change }))
  const logprobs = output.events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
  return { ids: output.end.tokenIds ?? [], logprobs, text: output.text }
}

const ids = async (sampling: SamplingOptions, maxTokens = 30, prompt = PROMPT) =>
  (await answer({ sampling, prompt }, maxTokens)).ids

test('mirostat keeps the surprise of an answer near its target, whatever top-k says', async () => {
  const surprise = async (mirostat: 1 | 2, mirostatTau: number) => {
    const sampling = { ...GREEDY, temperature: 1, topK: 1, mirostat, mirostatTau, mirostatEta: 0.3 }
    const { logprobs } = await answer({ sampling, topLogprobs: 0 }, 150)
    return logprobs.reduce((sum, { logprob }) => sum - logprob / Math.LN2, 0) / logprobs.length
  }
  for (const version of [1, 2] as const) {
    const [low, high] = [await surprise(version, 1), await surprise(version, 7)]
    expect(high).toBeGreaterThan(low + 1)
  }
})

test('how fast mirostat follows makes a difference; a version that is none is off', async () => {
  const mirostat = { ...GREEDY, temperature: 1, mirostat: 2, mirostatTau: 6 }
  expect(await ids({ ...mirostat, mirostatEta: 0.9 })).not.toEqual(await ids({ ...mirostat, mirostatEta: 0 }))
  expect(await ids({ ...HOT, mirostat: 3 })).toEqual(await ids(HOT))
})

test('DRY does not let an answer go on with a repetition', async () => {
  const tokens = [400, 401, 402, 403, 404]
  const prompt = [1, ...tokens, ...tokens, ...tokens.slice(0, 4)]
  // The model is made to prefer what would go on with the sequence.
  const repeating = { ...GREEDY, logitBias: [[404, 60] as const] }
  const next = async (change: Partial<SamplingOptions>) =>
    (await ids({ ...repeating, ...change }, 1, prompt))[0]
  const on = { dryMultiplier: 50, dryBase: 2, dryAllowedLength: 2, dryPenaltyLastN: -1 }
  expect(await next({})).toBe(404)
  expect(await next(on)).not.toBe(404)
  expect(await next({ ...on, dryMultiplier: 0.001, dryBase: 1 })).toBe(404)
  expect(await next({ ...on, dryAllowedLength: 20 })).toBe(404)
  expect(await next({ ...on, dryPenaltyLastN: 4 })).toBe(404)
  expect(await next({ ...on, drySequenceBreakers: ['w403'] })).toBe(404)
})

test('XTC leaves out the likeliest token, as often as asked', async () => {
  // Two tokens share all the probability, one a little likelier.
  const pair = { ...HOT, temperature: 1, logitBias: [[400, 1000] as const, [401, 1001] as const] }
  const likelier = Math.max(...(await ids({ ...pair, temperature: 0 }, 1)))
  const firsts = async (change: Partial<SamplingOptions>) => {
    const tokens: number[] = []
    for (let seed = 0; seed < 12; seed++) tokens.push(...(await ids({ ...pair, ...change, seed }, 1)))
    return tokens
  }
  const bare = await firsts({})
  expect(bare).toContain(likelier)
  expect(await firsts({ xtcProbability: 1, xtcThreshold: 0.001 })).not.toContain(likelier)
  expect(await firsts({ xtcProbability: 1, xtcThreshold: 0.6 })).toEqual(bare)
  expect(await firsts({ xtcProbability: 0 })).toEqual(bare)
  const sometimes = await firsts({ xtcProbability: 0.5, xtcThreshold: 0.001 })
  expect(new Set(sometimes).size).toBe(2)
})

test('top-n-sigma keeps what lies near the best token', async () => {
  expect(await ids({ ...HOT, temperature: 50, topNSigma: 1e-6 })).toEqual(await ids(GREEDY))
  expect(await ids({ ...HOT, topNSigma: 0 })).toEqual(await ids(HOT))
})

test.each<[string, Partial<SamplingOptions>]>([
  ['top-k, top-p and min-p', { topK: 40, topP: 0.9, minP: 0.02 }],
  ['typical and XTC', { topK: 60, typicalP: 0.8, xtcProbability: 0.5, xtcThreshold: 0.01 }],
  ['penalties and bias', { topK: 40, repeatPenalty: 1.3, presencePenalty: 0.5, logitBias: [[400, 3]] }],
  ['DRY', { topK: 20, dryMultiplier: 2, dryAllowedLength: 0 }],
  ['top-k 1', { topK: 1 }],
  // Not 128: this model gives many tokens the very same logit, and which of equals is kept is nobody's promise.
  ['a long list', { topK: 100 }],
])('choosing among the likeliest only gives what choosing among all gives: %s', async (_, change) => {
  for (const seed of [1, 2, 3]) {
    const sampling = { ...HOT, ...change, seed }
    expect(await ids(sampling, 40)).toEqual(await ids({ ...sampling, ...WHOLE_VOCABULARY }, 40))
  }
})

test('penalties on part of the logits choose what llama.cpp chooses for all', async () => {
  const free = await ids(GREEDY, 60)
  const punished = await ids({ ...GREEDY, repeatPenalty: 1.5, repeatLastN: -1 }, 60)
  expect(new Set(punished).size).toBeGreaterThan(new Set(free).size)
  // A window of 2 forgets: what was said three tokens ago may come again.
  expect(await ids({ ...GREEDY, repeatPenalty: 1.5, repeatLastN: 2 }, 60)).not.toEqual(punished)
})

test('log-probabilities are those of the model, whatever bias, penalties and grammar do', async () => {
  const { logprobs: plain } = await answer({ topLogprobs: 20 }, 1)
  const bent = { ...GREEDY, logitBias: [[400, 1000] as const], repeatPenalty: 2, dryMultiplier: 1 }
  const { logprobs } = await answer({ topLogprobs: 20, sampling: bent }, 1)
  expect(plain[0]?.alternatives).toHaveLength(20)
  expect(logprobs[0]?.alternatives).toEqual(plain[0]?.alternatives)
  expect(logprobs[0]?.token).toBe(' w400')
  expect(logprobs[0]?.logprob).toBeLessThan(-1)
  const grammar = 'root ::= "é!"'
  const constrained = await answer({ topLogprobs: 20, grammar }, 5)
  expect(constrained.text.trim()).toBe('é!')
  expect(constrained.logprobs[0]?.alternatives).toEqual(plain[0]?.alternatives)
})

test('a character of several tokens has its bytes spread over them', async () => {
  const { logprobs, text } = await answer({ topLogprobs: 0, grammar: 'root ::= "日é"' }, 10)
  expect(text.trim()).toBe('日é')
  const bytes = logprobs.flatMap((entry) => entry.bytes)
  expect(Buffer.from(bytes).toString().trim()).toBe('日é')
  expect(logprobs.some(({ token }) => token.includes('\uFFFD'))).toBe(true)
  expect(logprobs.every(({ alternatives }) => alternatives.length === 0)).toBe(true)
})

test('a control token among the alternatives has its name', async () => {
  const { logprobs } = await answer({ topLogprobs: 512 }, 1)
  const tokens = logprobs[0]?.alternatives.map(({ token }) => token)
  expect(tokens).toContain('</s>')
  expect(logprobs[0]?.alternatives.find(({ token }) => token === '<s>')?.bytes).toEqual([
    ...Buffer.from('<s>'),
  ])
})

test('openai 35: the same request with the same seed gives the same text, 100 of 100 times', async () => {
  const sampling = { ...HOT, topK: 40, topP: 0.95, repeatPenalty: 1.1, xtcProbability: 0.3, seed: 7 }
  const texts = new Set<string>()
  for (let i = 0; i < 100; i++) texts.add((await answer({ sampling }, 12)).text)
  expect(texts.size).toBe(1)
  expect((await answer({ sampling: { ...sampling, seed: 8 } }, 12)).text).not.toBe([...texts][0])
})

test('a seed that llama.cpp takes for "any" is one like others', async () => {
  const sampling = { ...HOT, seed: 0xffffffff }
  expect(await ids(sampling)).toEqual(await ids(sampling))
})

test('a grammar that leads nowhere fails its request and not the runner', async () => {
  const grammar = String.raw`root ::= "a" [^\x00-\U7FFFFFFF]`
  await expect(answer({ grammar, sampling: HOT })).rejects.toMatchObject({ code: 'bad_format' })
  expect(await ids(GREEDY, 3)).toHaveLength(3)
})

test('the likeliest allowed token is taken where the likeliest of all is not allowed', async () => {
  const { text } = await answer({ grammar: 'root ::= "no" | "yes"', sampling: { ...GREEDY, topK: 40 } })
  expect(['no', 'yes']).toContain(text.trim())
})

test('a request that is given up while DRY gets ready takes no slot', async () => {
  const client = new AbortController()
  const sampling = { ...GREEDY, dryMultiplier: 1, drySequenceBreakers: ['never used before'] }
  const events = runner.generate(requestFor(PROMPT, { sampling }), client.signal)[Symbol.asyncIterator]()
  const first = events.next()
  client.abort()
  await expect(first).rejects.toMatchObject({ name: 'AbortError' })
  expect(await ids(sampling, 3)).toHaveLength(3)
  expect(await runner.status()).toMatchObject({ busySlots: 0, waiting: 0 })
})

test('num_keep says how much of the prompt outlives a shift of the context', async () => {
  const prompt = [1, ...Array.from({ length: 40 }, (_, i) => 260 + i)]
  const kept = async (keepTokens: number) => {
    await outputOf(runner, requestFor(prompt, { keepTokens, maxTokens: 300 }))
    return (await outputOf(runner, requestFor(prompt, { maxTokens: 1 }))).prompt.cachedTokens
  }
  // And the begin-of-text token, which the tokenizer puts there by itself.
  expect(await kept(6)).toBe(7)
  expect(await kept(20)).toBe(21)
})

test('no value of any option brings the runner down', async () => {
  const extremes = [-1e308, 1e308, -1, 0, 1, 1e-45, 1e-308, 0.5, 2 ** 31, 2 ** 53, -0.1]
  const numeric = Object.entries(GREEDY).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []))
  let state = 1
  const pick = (count: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % count
  }
  for (let round = 0; round < 250; round++) {
    const wild = Object.fromEntries(
      numeric.filter(() => pick(3) === 0).map((name) => [name, extremes[pick(extremes.length)]]),
    )
    const sampling = {
      ...HOT,
      topK: 40,
      ...wild,
      ...(pick(4) === 0 ? { mirostat: 1 + pick(2) } : {}),
      ...(pick(4) === 0 ? { drySequenceBreakers: ['', '\u0000', 'x'.repeat(1000), '日'] } : {}),
      ...(pick(4) === 0
        ? {
            logitBias: [
              [-1, 5],
              [511, 1e308],
              [300, -1e308],
              [2 ** 40, 1],
            ] as const,
          }
        : {}),
    }
    const grammar = pick(5) === 0 ? 'root ::= [a-z ]{1,5}' : undefined
    // Values that leave nothing of what the grammar allows may be refused.
    const refused = (error: unknown) => {
      expect(error).toMatchObject({ code: grammar === undefined ? '' : 'bad_format' })
      return { ids: [] }
    }
    const request = { sampling, ...(grammar === undefined ? {} : { grammar }) }
    const { ids: tokens } = await answer(request, 4).catch(refused)
    expect(tokens.every((token) => token >= 0 && token < 512)).toBe(true)
  }
  expect(await ids(GREEDY, 3)).toHaveLength(3)
})
