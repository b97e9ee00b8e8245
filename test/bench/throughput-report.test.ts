import { expect, test } from 'vitest'
import { DECODE, type Numbers, promptOf } from '../../bench/measures.ts'
import { throughputReport } from '../../bench/throughput-report.ts'

const rounds = (...rates: number[]): Numbers[] => rates.map((rate) => new Map([[DECODE, rate]]))

const report = throughputReport({
  field: { contestants: [], missing: ['no llama-server on the PATH'] },
  results: new Map([
    ['bare loop', rounds(50, 10, 40)],
    ['Snug', rounds(36, 99, 30)],
  ]),
  conditions: { modelPath: 'm.gguf', threads: 1, slots: 4, contextLength: 1024 },
  streams: [1],
  tokens: 32,
  model: 'random',
})

test('a report shows medians and their share of the bare loop', () => {
  expect(report).toContain('| Decode, one stream, tokens/s | 40.0 | 36.0 (90 %) |')
})

test('a report shows what a token of one stream takes longer than in the bare loop', () => {
  expect(report).toContain('| Added to a token of one stream, µs | 0 | 2778 |')
})

test('a report says who did not take part, and leaves open what was not measured', () => {
  expect(report).toContain('- Not there: no llama-server on the PATH.')
  expect(report).toContain('| Prompt, tokens/s | – | – (–) |')
})

test('prompts of different marks differ from their first characters on and have the length asked for', () => {
  const [a, b] = [promptOf('1 first', 24), promptOf('2 first', 24)]
  expect(a).toHaveLength(22)
  expect(a[0]).not.toBe(b[0])
})
