import { expect, test } from 'vitest'
import { gibibytes, weightCount } from '../../../engine/fit/wording.ts'

const MIB = 2 ** 20

test.each([
  [0, '0.0 GiB'],
  [50 * 2 ** 10, '50.0 KiB'],
  [0.1 * MIB, '0.1 MiB'],
  [12.34 * MIB, '12.3 MiB'],
  [102 * MIB, '102.0 MiB'],
  [103 * MIB, '0.1 GiB'],
  [5.25 * 1024 * MIB, '5.3 GiB'],
])('%d bytes read %s', (bytes, text) => {
  expect(gibibytes(bytes)).toBe(text)
})

test.each([
  [8_030_000_000, '8.0B'],
  [494_000_000, '0.5B'],
  [22_600_000, '22.6M'],
  [64_000, '64.0K'],
])('%d weights read %s', (count, text) => {
  expect(weightCount(count)).toBe(text)
})
