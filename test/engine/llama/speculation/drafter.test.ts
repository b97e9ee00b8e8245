import { describe, expect, test } from 'vitest'
import { createDrafter } from '../../../../engine/llama/speculation/drafter.ts'
import { GPU, MOST_ROWS, PROCESSOR, stepCosts } from '../../../../engine/llama/speculation/step-costs.ts'

const MANY = 1000

const count = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i)

/** A generator of numbers that never repeats itself here. */
function randomTokens(length: number, below: number, seed = 1): number[] {
  let state = seed
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  })
}

/** Plays an answer token by token, as a model that says exactly this. */
function play(prompt: readonly number[], answer: readonly number[], costs = PROCESSOR) {
  const drafter = createDrafter(prompt, prompt.length + answer.length, costs)
  const lengths: number[] = []
  let at = 0
  while (at < answer.length) {
    const drafts = at === 0 ? [] : drafter.draft(MANY)
    let right = 0
    while (right < drafts.length && drafts[right] === answer[at + right]) right++
    for (const token of answer.slice(at, at + right + 1)) drafter.push(token)
    lengths.push(drafts.length)
    at += right + 1
  }
  const timeOf = (length: number) => costs.find(({ drafts }) => drafts === length)?.time ?? 1
  const time = lengths.reduce((sum, length) => sum + timeOf(length), 0)
  return { lengths, steps: lengths.length, gain: answer.length / time }
}

test('a text that does not repeat itself gets no drafts', () => {
  expect(play(count(300), count(300, 1000))).toMatchObject({ steps: 300, gain: 1 })
})

test('a prompt that is said again takes few steps, with longer drafts the longer it goes on', () => {
  const prompt = randomTokens(400, 50_000)
  const { lengths, steps, gain } = play(prompt, prompt.slice(20))
  expect(steps).toBeLessThan(100)
  expect(gain).toBeGreaterThan(1.7)
  const drafted = lengths.filter((length) => length > 0)
  expect(drafted[0]).toBeLessThan(Math.max(...drafted))
  expect(drafted.at(-2)).toBeGreaterThanOrEqual(7)
})

test('an answer that goes round in a loop gets the longest drafts', () => {
  const loop = Array.from({ length: 300 }, (_, i) => [11, 12, 13, 14][i % 4] ?? 0)
  expect(play([1], loop).lengths.at(-2)).toBe(15)
})

test('where short matches mislead, drafts stop, and what they cost stays below 3 %', () => {
  // Ends that stood before are always followed by something else.
  const phrases = count(200).flatMap((i) => [901, 902, 903, 1000 + i, 2000 + i, 3000 + i])
  const { lengths, gain } = play([1], phrases)
  expect(gain).toBeGreaterThan(0.97)
  expect(lengths.slice(-300).every((length) => length === 0)).toBe(true)
})

test('a text that was misleading and becomes a copy gets drafts again, for tokens are foreseen without being drafted', () => {
  const phrases = count(100).flatMap((i) => [901, 902, 903, 1000 + i, 2000 + i])
  const { lengths } = play([1], [...phrases, ...phrases, ...phrases])
  expect(Math.max(...lengths.slice(-20))).toBeGreaterThanOrEqual(7)
})

test.each([
  ['tokens of few kinds', randomTokens(2000, 4)],
  ['tokens of many kinds', randomTokens(2000, 5000)],
  ['words of five tokens in any order', randomTokens(400, 12).flatMap((word) => count(5, word * 10))],
])('no text of this kind is more than 3 % slower: %s', (_, answer) => {
  for (const costs of [PROCESSOR, GPU]) expect(play([], answer, costs).gain).toBeGreaterThan(0.97)
})

test('the same text before gives the same drafts, whatever was drafted on the way', () => {
  const prompt = randomTokens(200, 40)
  const answer = randomTokens(200, 40, 9)
  const often = createDrafter(prompt, 400, PROCESSOR)
  const once = createDrafter(prompt, 400, PROCESSOR)
  for (const token of answer) {
    often.draft(MANY)
    often.push(token)
    once.push(token)
  }
  expect(often.draft(MANY)).toEqual(once.draft(MANY))
})

test('cheap rows make drafts longer', () => {
  const prompt = randomTokens(300, 50_000)
  expect(play(prompt, prompt, GPU).steps).toBeLessThan(play(prompt, prompt, PROCESSOR).steps)
})

describe('a draft is as long as makes a step of a size that is fast', () => {
  test.each([
    [0, [0]],
    [1, [1]],
    [2, [1]],
    [6, [3]],
    [100, [7, 11, 15]],
  ])('of at most %d tokens', (most, lengths) => {
    const prompt = count(200)
    const drafter = createDrafter([...prompt, ...prompt], 400, PROCESSOR)
    expect(lengths).toContain(drafter.draft(most).length)
  })

  test('with the token before them', () => {
    for (const costs of [PROCESSOR, GPU])
      expect(1 + Math.max(...costs.map(({ drafts }) => drafts))).toBe(MOST_ROWS)
  })
})

describe('what rows cost', () => {
  const gpu = [
    { device: 'CPU_Mapped', kind: 'weights' as const },
    { device: 'CUDA0', kind: 'weights' as const },
    { device: 'CUDA0', kind: 'kv' as const },
  ]
  const both = [...gpu, { device: 'CPU', kind: 'kv' as const }]
  test.each([
    ['on the processor', {}, [{ device: 'CPU', kind: 'kv' as const }], PROCESSOR],
    ['on a GPU', {}, gpu, GPU],
    ['partly on a GPU', {}, both, PROCESSOR],
    ['on a GPU with experts in main memory', { cpuExpertLayers: 3 }, gpu, PROCESSOR],
    [
      'on a GPU with tensors elsewhere',
      { tensorOverrides: [{ pattern: 'x', device: 'CPU' }] },
      gpu,
      PROCESSOR,
    ],
  ])('%s', (_, plan, buffers, costs) => {
    expect(stepCosts(plan, buffers)).toBe(costs)
  })

  test('is nobody’s business where speculation is off', () => {
    expect(stepCosts({ speculation: 'off' }, gpu)).toBeUndefined()
  })
})
