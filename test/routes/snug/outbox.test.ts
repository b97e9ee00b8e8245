import { expect, test } from 'vitest'
import type { FeedMessage } from '../../../routes/snug/event-feed.ts'
import { createOutbox } from '../../../routes/snug/outbox.ts'

const event = (seq: number): FeedMessage => ({ seq, json: `{"seq":${seq}}` })
const state = (seq: number, name: string): FeedMessage => ({ ...event(seq), state: name })

function taken(outbox: ReturnType<typeof createOutbox>): object[] {
  const texts = []
  for (let text = outbox.take(); text !== undefined; text = outbox.take()) texts.push(JSON.parse(text))
  return texts
}

test('messages come out in the order they were put in', () => {
  const outbox = createOutbox()
  for (const message of [event(1), state(2, 'speed a'), event(3)]) expect(outbox.put(message)).toBe(true)
  expect(taken(outbox)).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }])
})

test('a newer state replaces the one that was not sent, and the next message says so', () => {
  const outbox = createOutbox()
  for (const seq of [1, 2, 3]) outbox.put(state(seq, 'speed a'))
  outbox.put(state(4, 'speed b'))
  expect(taken(outbox)).toEqual([{ seq: 3, dropped: 2 }, { seq: 4 }])
})

test('a state that was sent is not replaced', () => {
  const outbox = createOutbox()
  outbox.put(state(1, 'speed a'))
  expect(outbox.take()).toBe('{"seq":1}')
  outbox.put(state(2, 'speed a'))
  expect(outbox.take()).toBe('{"seq":2}')
})

test('where room is short the oldest states go, and no other event does', () => {
  const outbox = createOutbox(3)
  for (const message of [state(1, 'a'), event(2), state(3, 'b'), event(4), event(5)]) {
    expect(outbox.put(message)).toBe(true)
  }
  expect(taken(outbox)).toEqual([{ seq: 2, dropped: 2 }, { seq: 4 }, { seq: 5 }])
})

test('a box full of events that stand for themselves takes no more', () => {
  const outbox = createOutbox(2)
  expect([event(1), event(2), event(3), state(4, 'a')].map(outbox.put)).toEqual([true, true, false, false])
  expect(outbox.size()).toBe(2)
})

test('states of however many models never take more room than there is', () => {
  const outbox = createOutbox(10)
  for (let seq = 1; seq <= 1000; seq++) expect(outbox.put(state(seq, `queue ${seq}`))).toBe(true)
  expect(outbox.size()).toBe(10)
  expect(JSON.parse(outbox.take() ?? '')).toEqual({ seq: 991, dropped: 990 })
})
