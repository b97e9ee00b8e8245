import { describe, expect, test } from 'vitest'
import type { Runner, RunnerRequest } from '../../../engine/backend.ts'
import { loggedRunner, outputOf, planFor, randomModel, requestFor, testRunner } from '../../helpers/runner.ts'

/** Tokens of the random model's vocabulary that are ordinary text. */
const PROMPT = Array.from({ length: 90 }, (_, i) => 260 + ((i * 37) % 200))

async function scoresOf(runner: Runner, prompt: readonly number[], change: Partial<RunnerRequest> = {}) {
  const { events, ...rest } = await outputOf(
    runner,
    requestFor(prompt, { maxTokens: 0, promptLogprobs: 2, ...change }),
  )
  const pieces = events.flatMap((event) => (event.type === 'prompt-tokens' ? [event.tokens] : []))
  return { ...rest, events, pieces, tokens: pieces.flat() }
}

/** What the model gives `count` tokens that it chooses itself after a prompt. */
async function chosenBy(runner: Runner, prompt: readonly number[], count: number) {
  const { events, end } = await outputOf(
    runner,
    requestFor(prompt, { maxTokens: count, topLogprobs: 2, returnTokens: true }),
  )
  const logprobs = events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
  return { logprobs, ids: end.tokenIds ?? [] }
}

const numbers = (tokens: readonly { logprob: number | null }[]) => tokens.map(({ logprob }) => logprob ?? NaN)

/** Decimals. Steps of other sizes round differently, by 0.01; another token's number differs by whole units. */
const TOLERANCE = 1

describe.each([{ batchTokens: 7 }, { batchTokens: 256 }])('in steps of %j', (plan) => {
  test('a token has the log-probability in a prompt that it had when the model chose it', async () => {
    const runner = await testRunner(plan)
    const chosen = await chosenBy(runner, PROMPT, 20)
    const { tokens } = await scoresOf(runner, [...PROMPT, ...chosen.ids])
    expect(tokens).toHaveLength(PROMPT.length + chosen.ids.length)
    const scored = tokens.slice(PROMPT.length)
    expect(scored.map(({ bytes }) => bytes)).toEqual(chosen.logprobs.map(({ bytes }) => bytes))
    for (const [i, logprob] of numbers(scored).entries())
      expect(logprob).toBeCloseTo(chosen.logprobs[i]?.logprob ?? NaN, TOLERANCE)
    // The model chose greedily: its choice is the likeliest alternative.
    for (const { logprob, alternatives } of scored) {
      expect(alternatives).toHaveLength(2)
      expect(logprob).toBeCloseTo(alternatives[0]?.logprob ?? NaN, TOLERANCE)
    }
  })
})

test('the first token has no log-probability, and nothing is generated where nothing may be', async () => {
  const { tokens, text, end } = await scoresOf(await testRunner(), PROMPT)
  expect(tokens[0]).toMatchObject({ logprob: null, alternatives: [] })
  expect(numbers(tokens.slice(1)).every((logprob) => logprob < 0)).toBe(true)
  expect({ text, reason: end.reason, outputTokens: end.outputTokens }).toEqual({
    text: '',
    reason: 'length',
    outputTokens: 0,
  })
})

test('a prompt of one token is scored without a number', async () => {
  const { tokens } = await scoresOf(await testRunner(), [300])
  expect(tokens.map(({ logprob }) => logprob)).toEqual([null])
})

test('a prompt that is in memory is evaluated again when it is to be scored', async () => {
  const runner = await testRunner({ slots: 2 })
  await outputOf(runner, requestFor(PROMPT, { maxTokens: 1 }))
  const first = await scoresOf(runner, PROMPT)
  const second = await scoresOf(runner, PROMPT)
  expect(first.prompt.cachedTokens).toBe(0)
  expect(second.prompt.cachedTokens).toBe(0)
  expect(second.tokens).toHaveLength(PROMPT.length)
  for (const [i, logprob] of numbers(second.tokens).slice(1).entries())
    expect(logprob).toBeCloseTo(numbers(first.tokens)[i + 1] ?? NaN, TOLERANCE)
})

test('a scored prompt is found in memory by one that is not', async () => {
  const runner = await testRunner()
  await scoresOf(runner, PROMPT)
  const { prompt } = await outputOf(runner, requestFor(PROMPT, { maxTokens: 1 }))
  expect(prompt.cachedTokens).toBe(PROMPT.length - 1)
})

test('every token is told once and before the answer, whatever else runs', async () => {
  const runner = await testRunner({ slots: 3, batchTokens: 16 })
  const alone = await scoresOf(runner, PROMPT)
  const other = PROMPT.toReversed()
  const [answer, ...scored] = await Promise.all([
    outputOf(runner, requestFor([1, 300, 301], { maxTokens: 30 })),
    scoresOf(runner, PROMPT, { maxTokens: 3 }),
    scoresOf(runner, other, { maxTokens: 3 }),
  ])
  expect(answer.end.outputTokens).toBeGreaterThan(0)
  for (const { tokens, pieces, events } of scored) {
    expect(tokens).toHaveLength(PROMPT.length)
    // More than one step, or sharing would not have been tried.
    expect(pieces.length).toBeGreaterThan(1)
    const kinds = events.map(({ type }) => type)
    expect(kinds.lastIndexOf('prompt-tokens')).toBeLessThan(kinds.indexOf('prompt'))
  }
  for (const [i, logprob] of numbers(scored[0]?.tokens ?? [])
    .slice(1)
    .entries())
    expect(logprob).toBeCloseTo(numbers(alone.tokens)[i + 1] ?? NaN, TOLERANCE)
})

test('a prompt that loses its cells in mid-scoring goes on later and tells no token twice', async () => {
  const { runner, warnings } = await loggedRunner(
    planFor(await randomModel(), {
      slots: 2,
      contextLength: 512,
      memory: { weightsBytes: Number.MAX_SAFE_INTEGER, kvBytesPerToken: 1 },
    }),
  )
  const words = (count: number, step: number) =>
    Array.from({ length: count }, (_, i) => 260 + ((i * step) % 200))
  const [elder, younger] = [words(205, 3), words(310, 37)]
  const alone = await scoresOf(runner, younger)
  // Both prompts are let in, and three cells are missing for the last tokens of the younger.
  const [, together] = await Promise.all([
    outputOf(runner, requestFor(elder, { maxTokens: 30 })),
    scoresOf(runner, younger),
  ])
  expect(warnings()).toContain('failed to find a memory slot')
  expect(together.tokens.map(({ token }) => token)).toEqual(alone.tokens.map(({ token }) => token))
  for (const [i, logprob] of numbers(together.tokens).slice(1).entries())
    expect(logprob).toBeCloseTo(numbers(alone.tokens)[i + 1] ?? NaN, TOLERANCE)
})
