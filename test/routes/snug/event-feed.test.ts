import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createActivity } from '../../../engine/activity.ts'
import type { LoadedModel } from '../../../engine/types.ts'
import { createEventFeed, type FeedMessage } from '../../../routes/snug/event-feed.ts'
import { SnugEvent } from '../../../routes/snug/event-schema.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const model = { shortName: 'tiny:latest' } as LoadedModel['model']
const BUSY: LoadedModel = {
  model,
  sizeBytes: 10,
  sizeVramBytes: 4,
  contextLength: 100,
  expiresAtMs: 0,
  slots: 2,
  busySlots: 1,
  waiting: 3,
  tokensPerSecond: 12.345,
  memory: { RAM: 6, CUDA0: 4 },
}
const IDLE = { ...BUSY, busySlots: 0, waiting: 0, tokensPerSecond: 0 }

function feedOf(loaded: () => LoadedModel[]) {
  const activity = createActivity()
  const looks = vi.fn(loaded)
  const feed = createEventFeed({
    engine: { loaded: looks, loading: () => [] },
    activity,
    availableBytes: () => 1000,
  })
  const events: SnugEvent[] = []
  const listener = ({ json }: FeedMessage) => void events.push(SnugEvent.parse(JSON.parse(json)))
  return { feed, activity, looks, events, listener }
}

test('speeds are told every second while a model works, and once when it has come to rest', () => {
  let now = BUSY
  const { feed, events, listener } = feedOf(() => [now])
  feed.subscribe(listener)
  vi.advanceTimersByTime(2000)
  now = IDLE
  vi.advanceTimersByTime(2000)
  const speeds = events.filter((event) => event.type === 'speed')
  expect(speeds).toMatchObject([
    { model: 'tiny:latest', tokens_per_second: 12.3, running: 1, waiting: 3 },
    { tokens_per_second: 12.3 },
    { tokens_per_second: 0, running: 0, waiting: 0 },
  ])
})

test('memory is told every five seconds', () => {
  const { feed, events, listener } = feedOf(() => [IDLE])
  feed.subscribe(listener)
  vi.advanceTimersByTime(10_000)
  expect(events.filter(({ type }) => type === 'memory')).toMatchObject([
    { available: { RAM: 1000 }, models: { 'tiny:latest': { RAM: 6, CUDA0: 4 } } },
    { seq: 2 },
  ])
})

test('nothing is looked at, and no timer runs, while nobody listens', () => {
  const { feed, activity, looks, events, listener } = feedOf(() => [BUSY])
  const watch = vi.spyOn(activity, 'watch')
  vi.advanceTimersByTime(10_000)
  expect([looks.mock.calls.length, watch.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0])
  const leave = [feed.subscribe(listener), feed.subscribe(listener)]
  expect(vi.getTimerCount()).toBe(1)
  for (const stop of leave) stop()
  const before = events.length
  activity.report({ type: 'load-progress', model: 'a', fraction: 1 })
  vi.advanceTimersByTime(10_000)
  expect([events.length - before, vi.getTimerCount()]).toEqual([0, 0])
})

test('an answer that uses the whole length of a message is cut', () => {
  const { feed, activity, events, listener } = feedOf(() => [])
  feed.subscribe(listener)
  activity.report({ type: 'load-failed', model: 'a', code: 'load_failed', message: 'x'.repeat(1e6) })
  expect(events.at(-1)).toMatchObject({ type: 'load-failed', message: 'x'.repeat(2000) })
})
