/** Tokens computed ahead change how soon an answer comes, and nothing else. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { LoadPlan, Runner, RunnerRequest } from '../../../engine/backend.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import { writeHybridModel, writeWindowModel } from '../../helpers/random-forgetful-model.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { GREEDY, outputOf, planFor, QUIET, requestFor, runnerFor } from '../../helpers/runner.ts'
import { SNUG_TINY } from '../../helpers/snug-tiny.ts'

/** After these the random model says eight words in turn, then one of them for ever. */
const PROMPT = Array.from({ length: 80 }, (_, i) => 300 + (i % 8))

interface Pair {
  on: Runner
  off: Runner
}

async function startPair(path: string, change: Partial<LoadPlan> = {}): Promise<Pair> {
  const start = (speculation: 'auto' | 'off') =>
    startRunner({ ...QUIET, plan: planFor(path, { contextLength: 512, ...change, speculation }) })
  return { on: await start('auto'), off: await start('off') }
}

const closePair = ({ on, off }: Pair) => Promise.all([on.close(), off.close()])

/** What the client gets, without the times and without how it was computed. */
async function answerOf(runner: Runner, request: RunnerRequest) {
  const { text, events, end, prompt } = await outputOf(runner, { ...request, returnTokens: true })
  const logprobs = events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
  const { reason, outputTokens, tokenIds = [], shiftedTokens } = end
  return {
    answer: { text, reason, outputTokens, tokenIds, shiftedTokens, cachedTokens: prompt.cachedTokens },
    logprobs,
    drafted: end.draftedTokens ?? 0,
    accepted: end.acceptedTokens ?? 0,
  }
}

/** The same request with and without, which must be the same to the client; how it was with. */
async function bothWays({ on, off }: Pair, request: RunnerRequest) {
  const fast = await answerOf(on, request)
  const slow = await answerOf(off, request)
  expect(fast.answer).toEqual(slow.answer)
  expect(slow).toMatchObject({ drafted: 0, accepted: 0 })
  return fast
}

describe('with a random model', () => {
  let folder: string
  let path: string
  let pair: Pair

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-speculation-'))
    path = join(folder, 'random.gguf')
    await writeRandomModel(path, SHAPE_SMALL)
    pair = await startPair(path)
  })
  afterAll(async () => {
    await closePair(pair)
    await rm(folder, { recursive: true })
  })

  test('an answer that repeats itself is the same and takes fewer steps than it has tokens', async () => {
    const before = await pair.on.status()
    const { answer, accepted, drafted } = await bothWays(pair, requestFor(PROMPT, { maxTokens: 200 }))
    const after = await pair.on.status()
    expect(answer.outputTokens).toBe(200)
    expect(accepted).toBeGreaterThan(100)
    expect(drafted).toBeGreaterThanOrEqual(accepted)
    // Two for the prompt, and one for each token that was not computed ahead.
    expect((after.steps ?? 0) - (before.steps ?? 0)).toBeLessThanOrEqual(200 - accepted + 2)
    expect((after.acceptedTokens ?? 0) - (before.acceptedTokens ?? 0)).toBe(accepted)
    expect((after.draftedTokens ?? 0) - (before.draftedTokens ?? 0)).toBe(drafted)
  })

  test('the same seed gives the same text 100 of 100 times, and the text that it gives without', async () => {
    const sampling = { ...GREEDY, temperature: 0.2, seed: 5 }
    const request = requestFor(PROMPT, { sampling, maxTokens: 60 })
    const { answer, accepted } = await bothWays(pair, request)
    expect(accepted).toBeGreaterThan(0)
    for (let i = 0; i < 100; i++) {
      const again = await answerOf(pair.on, request)
      expect(again.answer.text).toBe(answer.text)
    }
  })

  test('penalties see every token that was chosen before, and none that was only tried', async () => {
    const sampling = { ...GREEDY, frequencyPenalty: 0.02, repeatLastN: 400, dryMultiplier: 0.01 }
    const { accepted, drafted } = await bothWays(pair, requestFor(PROMPT, { sampling, maxTokens: 200 }))
    expect(accepted).toBeGreaterThan(0)
    expect(drafted).toBeGreaterThan(accepted)
  })

  test('log-probabilities are those of the rows that the tokens were chosen from', async () => {
    const request = requestFor(PROMPT, { maxTokens: 120, topLogprobs: 2 })
    const fast = await answerOf(pair.on, request)
    const slow = await answerOf(pair.off, request)
    expect(fast.accepted).toBeGreaterThan(30)
    expect(fast.logprobs).toHaveLength(120)
    for (const [i, { token, logprob, alternatives }] of fast.logprobs.entries()) {
      expect(token).toBe(slow.logprobs[i]?.token)
      expect(Math.abs(logprob - (slow.logprobs[i]?.logprob ?? 0))).toBeLessThan(1e-3)
      expect(alternatives).toHaveLength(2)
    }
  })

  test('a grammar is obeyed to its last bracket', async () => {
    const grammar = 'root ::= "[" pair ("," pair){30} "]"\npair ::= "{\\"a\\":" ("1" | "2") "}"'
    const request = requestFor(PROMPT, { grammar, maxTokens: 400 })
    const { answer, accepted } = await bothWays(pair, request)
    expect(accepted).toBeGreaterThan(100)
    expect(answer.reason).toBe('stop')
    expect(JSON.parse(answer.text)).toHaveLength(31)
  })

  test('a stop string ends the answer on the very token that completes it, wherever in a step that is', async () => {
    const { answer: whole } = await bothWays(pair, requestFor(PROMPT, { maxTokens: 150 }))
    for (let tokens = 100; tokens < 116; tokens++) {
      // It begins early: nothing before this token can have completed it.
      const said = await pair.off.detokenize(whole.tokenIds.slice(0, tokens))
      const stop = said.trimStart().slice(3)
      const { answer, accepted } = await bothWays(pair, requestFor(PROMPT, { maxTokens: 150, stop: [stop] }))
      expect(accepted).toBeGreaterThan(30)
      expect(answer).toMatchObject({ reason: 'stop', outputTokens: tokens })
      expect(whole.text.trimStart().startsWith(answer.text.trimStart())).toBe(true)
      expect(answer.text.trimStart()).toHaveLength(3)
      // What the slot holds now is what it says it holds: the next prompt builds on it.
      const next = [...PROMPT, ...whole.tokenIds.slice(0, tokens - 1), 300, 301]
      const following = await bothWays(pair, requestFor(next, { maxTokens: 12 }))
      expect(following.answer.cachedTokens).toBe(next.length - 2)
    }
  })

  test('the token limit is kept to the token', async () => {
    for (let maxTokens = 60; maxTokens < 70; maxTokens++) {
      const { answer } = await bothWays(pair, requestFor(PROMPT, { maxTokens }))
      expect(answer).toMatchObject({ reason: 'length', outputTokens: maxTokens })
    }
  })

  test('an answer fills the context to its last token, and forgets when it is full as it would have', async () => {
    const full = await bothWays(pair, requestFor(PROMPT, { shift: false }))
    expect(full.accepted).toBeGreaterThan(100)
    expect(full.answer).toMatchObject({ reason: 'length', outputTokens: 512 - PROMPT.length + 1 })
    const limited = await bothWays(pair, requestFor(PROMPT, { shift: false, contextLimit: 203 }))
    expect(limited.answer.outputTokens).toBe(203 - PROMPT.length + 1)
    const shifting = await bothWays(pair, requestFor(PROMPT, { maxTokens: 900 }))
    expect(shifting.accepted).toBeGreaterThan(400)
    expect(shifting.answer.shiftedTokens).toBeGreaterThan(100)
  })

  test('after a client that left in the middle the slot holds what it should', async () => {
    for (let stopAfter = 60; stopAfter < 66; stopAfter++) {
      const client = new AbortController()
      let tokens = 0
      await expect(async () => {
        for await (const event of pair.on.generate(requestFor(PROMPT), client.signal)) {
          if (event.type === 'text') tokens += event.tokens
          if (tokens >= stopAfter) client.abort()
        }
      }).rejects.toThrow()
      await vi.waitFor(async () => expect((await pair.on.status()).busySlots).toBe(0), { interval: 1 })
      const next = await answerOf(pair.on, requestFor([...PROMPT, 300], { maxTokens: 40 }))
      const alone = await answerOf(pair.off, requestFor([...PROMPT, 300], { maxTokens: 40 }))
      expect(next.answer.text).toBe(alone.answer.text)
    }
  })

  test('a pool with fewer cells than contexts is used to its end without anybody being put out', async () => {
    const small = await startPair(path, { slots: 2, contextLength: 512, cells: 512 })
    try {
      const kept = requestFor(PROMPT.slice(0, 70).toReversed(), { maxTokens: 5 })
      await bothWays(small, kept)
      // Together with what the idle slot keeps it fits, but not with a batch of 64 more.
      const long = await bothWays(small, requestFor(PROMPT, { maxTokens: 350 }))
      expect(long.accepted).toBeGreaterThan(100)
      const again = await bothWays(small, kept)
      expect(again.answer.cachedTokens).toBe(69)
    } finally {
      await closePair(small)
    }
  })
})

test.each([
  ['a sliding window', writeWindowModel],
  ['recurrent layers', writeHybridModel],
])('a model with %s, which cannot take back what it has read, computes nothing ahead', async (_, write) => {
  const folder = await mkdtemp(join(tmpdir(), 'snug-speculation-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'forgetful.gguf')
  await write(path)
  const runner = await runnerFor(planFor(path, { contextLength: 512 }))
  const { end } = await outputOf(runner, requestFor(PROMPT, { maxTokens: 100 }))
  expect(end.outputTokens).toBe(100)
  expect(end).not.toHaveProperty('draftedTokens')
})

describe('with the bundled model', () => {
  let pair: Pair
  beforeAll(async () => {
    pair = await startPair(SNUG_TINY, { contextLength: 1024, batchTokens: 256 })
  })
  afterAll(() => closePair(pair))

  test.each([
    ['an answer that goes round', 'one apple, two pears, three plums, four figs.\n'.repeat(4), 60],
    [
      'an answer that says each thing once',
      '<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n',
      0,
    ],
  ])('%s is the same, token for token', async (_, text, leastAccepted) => {
    const prompt = await pair.on.tokenize(text, { special: true, bos: true })
    const { accepted } = await bothWays(pair, requestFor(prompt, { maxTokens: 120 }))
    expect(accepted).toBeGreaterThanOrEqual(leastAccepted)
  })
})
