import { expect, test } from 'vitest'
import { fuzzReader } from '../../helpers/gguf-fuzz.ts'

test('2,000 damaged GGUF files are each read or refused in a sentence, fast and in little memory', async () => {
  const report = await fuzzReader({ seed: 20_261_123, cases: 2000 })
  expect(report.faults).toEqual([])
  expect(report.read + report.refused).toBe(2000)
  expect(report.read).toBeGreaterThan(100)
  expect(report.refused).toBeGreaterThan(1000)
  expect(Object.keys(report.kinds).length).toBeGreaterThan(15)
  expect(report.slowestMs).toBeLessThan(2000)
  expect(report.grownBytes).toBeLessThan(256 * 2 ** 20)
})
