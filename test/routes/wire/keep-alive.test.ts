import { expect, test } from 'vitest'
import { keepAliveMs } from '../../../routes/wire/keep-alive.ts'

test.each([
  [0, 0],
  [5, 5000],
  [42.5, 42_500],
  [0.2, 200],
  [1e-12, 0],
  [-1, Number.POSITIVE_INFINITY],
  [-0.5, Number.POSITIVE_INFINITY],
  ['0', 0],
  ['0s', 0],
  ['5m', 300_000],
  ['1h2m3s', 3_723_000],
  ['-1m', Number.POSITIVE_INFINITY],
])('keep_alive %j keeps a model for %d ms', (value, ms) => {
  expect(keepAliveMs(value)).toBe(ms)
})

test.each([
  ['5', 'time: missing unit in duration "5"'],
  ['-1', 'time: missing unit in duration "-1"'],
  ['', 'time: invalid duration ""'],
  ['abc', 'time: invalid duration "abc"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  [true, "Unsupported type: 'bool'"],
  [[1], "Unsupported type: '[]interface {}'"],
  [{}, "Unsupported type: 'map[string]interface {}'"],
])('keep_alive %j is refused', (value, message) => {
  expect(() => keepAliveMs(value)).toThrow(new SyntaxError(message))
})
