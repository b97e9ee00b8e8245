import { expect, test } from 'vitest'
import { createSpeedMeter } from '../../engine/speed.ts'

/** A meter that has counted one token every `everyMs`, from `fromMs` to `toMs`. */
function metered(everyMs: number, fromMs: number, toMs: number, meter = createSpeedMeter()) {
  for (let at = fromMs; at < toMs; at += everyMs) meter.count(1, at)
  return meter
}

test('a steady stream of tokens has its speed, however long it lasts', () => {
  for (const seconds of [3, 10, 100]) {
    expect(metered(50, 0, seconds * 1000).perSecond(seconds * 1000), `${seconds} s`).toBeCloseTo(20, 0)
  }
})

test('the first tokens after a silence are not spread over the silence', () => {
  const meter = metered(50, 0, 2000)
  metered(50, 60_000, 62_000, meter)
  expect(meter.perSecond(62_000)).toBeCloseTo(20, 0)
})

test('a burst is not taken for a speed of its own', () => {
  const meter = createSpeedMeter()
  meter.count(10, 0)
  expect(meter.perSecond(1)).toBe(10)
})

test('after five seconds of silence the speed is 0', () => {
  const meter = metered(50, 0, 3000)
  expect(meter.perSecond(4000)).toBeGreaterThan(0)
  expect(meter.perSecond(9000)).toBe(0)
})

test('a model that never spoke has none', () => {
  expect(createSpeedMeter().perSecond(1000)).toBe(0)
})
