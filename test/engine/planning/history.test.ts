import { expect, test } from 'vitest'
import {
  type HistoryEntry,
  type HistoryKey,
  type MemoryPair,
  MOST_ENTRIES,
  MOST_SPEEDS,
  measuredRatios,
  withMemory,
  withSpeed,
} from '../../../engine/planning/history.ts'
import { historyText } from '../../../engine/planning/history-text.ts'

const GIB = 2 ** 30
const KEY: HistoryKey = {
  devices: '2 CPU cores',
  weights: 'sha256-1',
  plan: 'Q8_0 cpu 0/0',
  name: 'm:latest',
}
const MEMORY: MemoryPair = {
  contextLength: 8192,
  cacheType: 'f16',
  sequences: 4,
  predicted: { RAM: 2.2 * GIB },
  actual: { RAM: 2 * GIB },
}
const answers = (...measured: number[]): HistoryEntry[] =>
  measured.reduce<HistoryEntry[]>(
    (entries, speed, i) => withSpeed(entries, KEY, { measured: speed, computed: 10 }, i),
    [],
  )

test('the speed of a plan is the middle of its latest answers', () => {
  const ratios = (entries: HistoryEntry[]) => [...measuredRatios(entries, KEY)]
  expect(ratios(answers(12))).toEqual([[KEY.plan, 1.2]])
  expect(ratios(answers(12, 1, 14))).toEqual([[KEY.plan, 1.2]])
  expect(ratios(answers(5, 10))).toEqual([[KEY.plan, 0.75]])
  const many = answers(...Array(MOST_SPEEDS).fill(1), ...Array(MOST_SPEEDS).fill(8))
  expect(ratios(many)).toEqual([[KEY.plan, 0.8]])
  expect(many[0]?.speeds).toHaveLength(MOST_SPEEDS)
})

test.each<[string, Partial<HistoryKey>]>([
  ['another machine', { devices: 'RTX 4090 + 8 CPU cores' }],
  ['another model', { weights: 'sha256-2' }],
])('what was measured of %s says nothing', (_, change) => {
  expect(measuredRatios(answers(12), { ...KEY, ...change }).size).toBe(0)
})

test('a load alone gives no speed', () => {
  expect(measuredRatios(withMemory([], KEY, MEMORY, 0), KEY).size).toBe(0)
})

test('the ways to run models that were used longest ago are forgotten', () => {
  let entries: HistoryEntry[] = []
  for (let i = 0; i <= MOST_ENTRIES; i++) {
    entries = withMemory(entries, { ...KEY, weights: `sha256-${i}` }, MEMORY, i)
  }
  expect(entries).toHaveLength(MOST_ENTRIES)
  expect([entries[0]?.weights, entries.at(-1)?.weights]).toEqual([`sha256-${MOST_ENTRIES}`, 'sha256-1'])
})

test('a history shows how far off predictions were', () => {
  const entries = withMemory(answers(12, 8, 8), KEY, MEMORY, 9)
  expect(historyText(entries).split('\n')).toEqual([
    'Predictions, middle error: memory off by 10 % (1), speed off by 25 % (1).',
    'm:latest, Q8_0 cpu 0/0, on 2 CPU cores',
    '  memory with 4 × 8192 tokens of f16 cache: RAM 2.2 GiB predicted, 2.0 GiB taken (+10 %)',
    '  speed: 10.0 tokens/s computed, 8.0 measured (+25 %), 3 answers',
  ])
})

test('an empty history says what fills it', () => {
  expect(historyText([])).toBe('Nothing has been measured yet: load a model and let it answer.')
})
