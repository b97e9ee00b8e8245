import { expect, test } from 'vitest'
import { createBackOff } from '../../../engine/scheduler/back-off.ts'

const TIMES = { firstMs: 1000, longestMs: 30_000, healthyMs: 60_000 }

test('the first death costs nothing, further ones twice as long each, up to a bound', () => {
  const backOff = createBackOff(TIMES)
  expect(backOff.waitMs('a', 0)).toBe(0)
  const waits = Array.from({ length: 9 }, (_, i) => {
    backOff.died('a', 100, i * 100_000)
    return backOff.waitMs('a', i * 100_000)
  })
  expect(waits).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('the wait runs off, and other models do not share it', () => {
  const backOff = createBackOff(TIMES)
  for (let i = 0; i < 3; i++) backOff.died('a', 100, 0)
  expect([0, 500, 1999.5, 2000, 9999].map((now) => backOff.waitMs('a', now))).toEqual([2000, 1500, 0.5, 0, 0])
  expect(backOff.waitMs('b', 0)).toBe(0)
})

test('a runner that was well for a while counts from the beginning again', () => {
  const backOff = createBackOff(TIMES)
  for (let i = 0; i < 5; i++) backOff.died('a', 100, 0)
  backOff.died('a', 60_000, 100_000)
  expect(backOff.waitMs('a', 100_000)).toBe(0)
  backOff.died('a', 100, 100_000)
  expect(backOff.waitMs('a', 100_000)).toBe(1000)
})

test('of very many models that died, the oldest are forgotten', () => {
  const backOff = createBackOff(TIMES)
  for (const name of ['old', 'known']) for (let i = 0; i < 2; i++) backOff.died(name, 1, 0)
  for (let i = 0; i < 254; i++) backOff.died(`m${i}`, 1, 0)
  backOff.died('known', 1, 0)
  backOff.died('one more', 1, 0)
  expect([backOff.waitMs('old', 0), backOff.waitMs('known', 0)]).toEqual([0, 2000])
})
