import { expect, test } from 'vitest'
import { createSuspects, fingerprintOf, isPastDeath } from '../../engine/suspects.ts'

const MINUTE = 60_000

function setup() {
  const clock = { ms: 0 }
  return { clock, suspects: createSuspects(() => clock.ms) }
}

test('a request is suspect after a death, and guilty after another one that it died alone', () => {
  const { suspects } = setup()
  const request = () => 'a'
  expect(suspects.recordOf(request)).toBeUndefined()
  suspects.accuse(request, 0, false)
  expect(suspects.recordOf(request)).toMatchObject({ isGuilty: false })
  suspects.accuse(request, 0, true)
  expect(() => suspects.recordOf(request)).toThrow(
    /^model runner has unexpectedly stopped.* two model runners/,
  )
  expect(suspects.recordOf(() => 'b')).toBeUndefined()
})

test('dying in company, however often, proves nothing', () => {
  const { suspects } = setup()
  for (let i = 0; i < 5; i++) suspects.accuse(() => 'a', i, false)
  expect(suspects.recordOf(() => 'a')).toMatchObject({ isGuilty: false, events: 4 })
})

test('a request that ended well is forgotten, one that did not after ten minutes', () => {
  const { suspects, clock } = setup()
  suspects.accuse(() => 'a', 0, false)
  suspects.clear(() => 'a')
  expect(suspects.recordOf(() => 'a')).toBeUndefined()
  for (const wasAlone of [false, true]) suspects.accuse(() => 'b', 0, wasAlone)
  clock.ms = 10 * MINUTE - 1
  expect(() => suspects.recordOf(() => 'b')).toThrow()
  clock.ms = 10 * MINUTE
  expect(suspects.recordOf(() => 'b')).toBeUndefined()
})

test('the list of suspects is bounded: the oldest goes', () => {
  const { suspects } = setup()
  for (let i = 0; i <= 1000; i++) suspects.accuse(() => `request ${i}`, 0, false)
  expect(suspects.recordOf(() => 'request 0')).toBeUndefined()
  expect(suspects.recordOf(() => 'request 1')).toBeDefined()
  expect(suspects.recordOf(() => 'request 1000')).toBeDefined()
})

test('while nobody is suspected no request is looked at', () => {
  const { suspects } = setup()
  const request = () => {
    throw new Error('looked at')
  }
  expect(suspects.recordOf(request)).toBeUndefined()
  suspects.clear(request)
})

test('a suspect must give clearly more than it had given when its runner died', () => {
  const record = { isGuilty: false, events: 5, atMs: 0 }
  expect([5, 6, 13, 14].map((events) => isPastDeath(record, events))).toEqual([false, false, false, true])
})

test('fingerprints differ with any part', () => {
  const all = [
    fingerprintOf('a', [1]),
    fingerprintOf('a', [2]),
    fingerprintOf('a', 1),
    fingerprintOf('b', [1]),
  ]
  expect(new Set(all).size).toBe(4)
  expect(fingerprintOf('a', [1])).toBe(all[0])
})
