import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHeartbeat } from '../../../engine/runner/heartbeat.ts'

const TIMES = { everyMs: 1000, silentBeats: 3, stuckBeats: 5 }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A heartbeat whose child answers every ping until told otherwise. */
function setup() {
  const seen = { pings: 0, hung: [] as string[] }
  const child = { answers: true, step: null as number | null, isAwaited: true }
  const heartbeat = createHeartbeat(TIMES, {
    ping() {
      seen.pings += 1
      if (!child.answers) return
      heartbeat.heard()
      heartbeat.answered(child.step)
    },
    isAwaited: () => child.isAwaited,
    onHung: (reason) => seen.hung.push(reason),
  })
  return { heartbeat, seen, child }
}

test('a child that answers is left alone, however long its work takes', () => {
  const { heartbeat, seen, child } = setup()
  heartbeat.watch()
  for (let beat = 1; beat <= 100; beat++) {
    child.step = beat
    vi.advanceTimersByTime(TIMES.everyMs)
  }
  expect(seen).toEqual({ pings: 100, hung: [] })
})

test('a child that answers no ping hangs after the beats allowed, and is reported once', () => {
  const { heartbeat, seen, child } = setup()
  child.answers = false
  heartbeat.watch()
  vi.advanceTimersByTime(TIMES.everyMs * 3)
  expect(seen.hung).toEqual([])
  vi.advanceTimersByTime(TIMES.everyMs * 50)
  expect(seen.hung).toEqual(['has not answered 3 pings'])
})

test('anything the child says counts as life', () => {
  const { heartbeat, seen, child } = setup()
  child.answers = false
  heartbeat.watch()
  for (let beat = 0; beat < 20; beat++) {
    vi.advanceTimersByTime(TIMES.everyMs * 2)
    heartbeat.heard()
  }
  expect(seen.hung).toEqual([])
})

test('a child that stays in one decode step for too long hangs, though it answers', () => {
  const { heartbeat, seen, child } = setup()
  child.step = 7
  heartbeat.watch()
  vi.advanceTimersByTime(TIMES.everyMs * 20)
  expect(seen.hung).toEqual(['has been in one decode step for 5 pings'])
})

test('waiting without a decode step, as for a slow reader, is no hang', () => {
  const { heartbeat, seen } = setup()
  heartbeat.watch()
  vi.advanceTimersByTime(TIMES.everyMs * 100)
  expect(seen.hung).toEqual([])
})

test('nobody is pinged while nobody waits for an answer', () => {
  const { heartbeat, seen, child } = setup()
  heartbeat.watch()
  child.isAwaited = false
  vi.advanceTimersByTime(TIMES.everyMs * 10)
  expect(seen.pings).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('clients that give up one after another do not hide a child that hangs', () => {
  const { heartbeat, seen, child } = setup()
  child.answers = false
  heartbeat.watch()
  vi.advanceTimersByTime(TIMES.everyMs)
  child.isAwaited = false
  vi.advanceTimersByTime(TIMES.everyMs)
  heartbeat.watch()
  vi.advanceTimersByTime(TIMES.everyMs * 2)
  expect(seen.hung).toHaveLength(1)
})
