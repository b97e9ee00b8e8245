import { expect, test } from 'vitest'
import { likeliest } from '../../../engine/llama/likeliest.ts'
import { logSumExp } from '../../../engine/llama/logprobs.ts'

/** A row of logits that looks random and is the same every time. */
const row = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 20)

test.each([
  [1, 1000],
  [20, 1003],
  [128, 4099],
  [7, 7],
])('the %d likeliest of %d tokens are those a sort would give', (count, length) => {
  const logits = row(length)
  const sorted = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)
  expect([...likeliest(logits, count)]).toEqual(sorted.slice(0, count))
})

test('of tokens that are equally likely the first is taken', () => {
  expect([...likeliest(new Float32Array(100).fill(-3), 3)]).toEqual([0, 1, 2])
})

test('what is no number or ruled out is never among the likeliest', () => {
  const logits = Float32Array.of(NaN, -Infinity, -5, NaN, -2)
  expect([...likeliest(logits, 4)]).toEqual([4, 2])
  expect([...likeliest(Float32Array.of(NaN, -Infinity), 1)]).toEqual([])
  expect([...likeliest(logits, 0)]).toEqual([])
})

test('the normalizer of log-probabilities is right to seven digits', () => {
  for (const logits of [row(5000), Float32Array.of(3), Float32Array.of(90, -90, -Infinity, 89.99)]) {
    const highest = Math.max(...logits)
    const exact = highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0))
    expect(Math.abs(logSumExp(logits, highest) - exact)).toBeLessThan(1e-7)
  }
})
