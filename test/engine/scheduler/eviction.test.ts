import { expect, test } from 'vitest'
import { type Candidate, evictionFor } from '../../../engine/scheduler/eviction.ts'

const one = (key: string, change: Partial<Candidate> = {}): Candidate => ({
  key,
  isBusy: false,
  keepAliveMs: 300_000,
  remainingMs: change.keepAliveMs ?? 300_000,
  loadMs: 2_000,
  recentUses: 1,
  memory: { RAM: 10 },
  ...change,
})
const place = { memory: {}, models: 1 }
const bytes = (RAM: number) => ({ memory: { RAM }, models: 0 })
const keys = (set: Candidate[] | undefined) => set?.map(({ key }) => key)

test.each([
  ['the shortest keep-alive', [one('a', { keepAliveMs: 9000 }), one('b', { keepAliveMs: 1000 })], 'b'],
  ['one that passes before one that is to stay', [one('a', { keepAliveMs: Infinity }), one('b')], 'b'],
  ['an idle one before a busy one', [one('a', { isBusy: true, keepAliveMs: 1 }), one('b')], 'b'],
  [
    'the first path among those that stay for ever',
    [one('b', { keepAliveMs: Infinity }), one('a', { keepAliveMs: Infinity })],
    'a',
  ],
  ['one that loads fast', [one('a', { loadMs: 60_000 }), one('b')], 'b'],
  ['one that is hardly used', [one('a', { recentUses: 40 }), one('b')], 'b'],
  [
    'one that is to stay before a busy one',
    [one('a', { isBusy: true }), one('b', { keepAliveMs: Infinity })],
    'b',
  ],
])('ollama 165: %s leaves first', (_name, candidates, expected) => {
  expect(keys(evictionFor(place, candidates))).toEqual([expected])
})

test('nobody leaves when nothing is short, and nobody can when nobody is there', () => {
  expect(evictionFor({ memory: {}, models: 0 }, [one('a')])).toEqual([])
  expect(evictionFor(place, [])).toBeUndefined()
})

test('one large model leaves rather than two that cost more together', () => {
  const all = [
    one('a', { memory: { RAM: 5 } }),
    one('b', { memory: { RAM: 5 } }),
    one('c', { loadMs: 3_000 }),
  ]
  expect(keys(evictionFor(bytes(10), all))).toEqual(['c'])
})

test('two small models leave rather than one that takes long to load', () => {
  const all = [
    one('a', { memory: { RAM: 5 } }),
    one('b', { memory: { RAM: 5 } }),
    one('c', { loadMs: 90_000 }),
  ]
  expect(keys(evictionFor(bytes(10), all))?.toSorted()).toEqual(['a', 'b'])
})

test('who frees nothing where it is short stays', () => {
  const all = [one('a', { memory: { RAM: 50 }, loadMs: 0 }), one('b', { memory: { CUDA0: 20 } })]
  expect(keys(evictionFor({ memory: { CUDA0: 12 }, models: 0 }, all))).toEqual(['b'])
})

test('when all together are too small nobody leaves in vain', () => {
  expect(evictionFor(bytes(21), [one('a'), one('b')])).toBeUndefined()
})

test('among many, enough leave and none that is not needed', () => {
  const all = Array.from({ length: 30 }, (_, i) =>
    one(`m${i}`, { loadMs: 2_000 + i, memory: { RAM: 1 + (i % 7) } }),
  )
  const set = evictionFor(bytes(40), all) ?? []
  const sum = set.reduce((total, { memory }) => total + (memory.RAM ?? 0), 0)
  expect(sum).toBeGreaterThanOrEqual(40)
  expect(set.every(({ memory }) => sum - (memory.RAM ?? 0) < 40)).toBe(true)
})
