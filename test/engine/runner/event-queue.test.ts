import { expect, test } from 'vitest'
import { createEventQueue } from '../../../engine/runner/event-queue.ts'

const never = new AbortController().signal

test('items come out in order, and a waiting reader gets the next push', async () => {
  const queue = createEventQueue<number>(
    () => {},
    () => {},
  )
  queue.push(1)
  queue.push(2)
  expect([await queue.next(never), await queue.next(never)]).toEqual([1, 2])
  const late = queue.next(never)
  queue.push(3)
  expect(await late).toBe(3)
})

test('a reader gets what was pushed before the failure, then the failure', async () => {
  const queue = createEventQueue<number>(
    () => {},
    () => {},
  )
  queue.push(1)
  queue.fail(new Error('gone'))
  expect(await queue.next(never)).toBe(1)
  await expect(queue.next(never)).rejects.toThrow('gone')
})

test('a reader that waits leaves as soon as its signal aborts', async () => {
  const queue = createEventQueue<number>(
    () => {},
    () => {},
  )
  const client = new AbortController()
  const next = queue.next(client.signal)
  client.abort(new Error('client left'))
  await expect(next).rejects.toThrow('client left')
})

test('a slow reader stops the source once, and lets it go on once it has caught up', async () => {
  const told: string[] = []
  const queue = createEventQueue<number>(
    () => told.push('full'),
    () => told.push('emptied'),
  )
  for (let i = 0; i < 200; i++) queue.push(i)
  expect(told).toEqual(['full'])
  for (let i = 0; i < 200; i++) await queue.next(never)
  expect(told).toEqual(['full', 'emptied'])
})
