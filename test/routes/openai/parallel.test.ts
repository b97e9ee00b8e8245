import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { merge, type Open } from '../../../routes/openai/parallel.ts'

const NEVER = new AbortController().signal

/** A source of these items that says how it ended. */
function source(items: (number | Error)[], log: string[], name = 's'): Open<number> {
  return async function* (signal) {
    try {
      log.push(`${name} starts`)
      for (const item of items) {
        await wait(1, undefined, { signal })
        if (item instanceof Error) throw item
        yield item
      }
    } finally {
      log.push(`${name} ${signal.aborted ? 'cancelled' : 'ends'}`)
    }
  }
}

/** Waits for the signal, as an engine with a slow model does. */
const stuck = (log: string[], name = 'stuck'): Open<number> =>
  async function* (signal) {
    try {
      await wait(60_000, undefined, { signal })
      yield 0
    } finally {
      log.push(`${name} cancelled`)
    }
  }

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const seen: T[] = []
  for await (const item of items) seen.push(item)
  return seen
}

test('every item arrives, in order within its source', async () => {
  const items = await all(merge([source([1, 2], []), source([3, 4], [])], 8, NEVER))
  expect(items.filter(({ index }) => index === 0).map(({ item }) => item)).toEqual([1, 2])
  expect(items.filter(({ index }) => index === 1).map(({ item }) => item)).toEqual([3, 4])
})

test('sources run side by side', async () => {
  const items = await all(merge([source([1, 2, 3], []), source([4, 5, 6], [])], 8, NEVER))
  const order = items.map(({ index }) => index).join('')
  expect(order).not.toBe('000111')
})

test('no more sources run than the limit allows', async () => {
  const log: string[] = []
  await all(merge([source([1], log, 'a'), source([2], log, 'b'), source([3], log, 'c')], 1, NEVER))
  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends'])
})

test('a failure cancels the others and waits until they have ended', async () => {
  const log: string[] = []
  const merged = merge([stuck(log), source([1, new Error('broken')], log)], 8, NEVER)
  await expect(all(merged)).rejects.toThrow('broken')
  expect(log).toContain('stuck cancelled')
})

test('a reader that leaves cancels all', async () => {
  const log: string[] = []
  for await (const _ of merge([stuck(log, 'one'), source([1, 2], log), stuck(log, 'two')], 8, NEVER)) break
  expect(log).toContain('one cancelled')
  expect(log).toContain('two cancelled')
})

test('the signal reaches every source', async () => {
  const log: string[] = []
  const stop = new AbortController()
  const merged = all(merge([stuck(log, 'one'), stuck(log, 'two')], 8, stop.signal))
  stop.abort()
  await expect(merged).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  expect(log.sort()).toEqual(['one cancelled', 'two cancelled'])
})

test('a source is asked for its next item only when the last was taken', async () => {
  let asked = 0
  const counting: Open<number> = async function* () {
    for (;;) yield ++asked
  }
  const merged = merge([counting], 8, NEVER)
  await merged.next()
  await wait(5)
  expect(asked).toBe(1)
  await merged.return(undefined)
})

test('nothing to run is an empty stream', async () => {
  expect(await all(merge([], 8, NEVER))).toEqual([])
})
