import { expect, test } from 'vitest'
import { scheduled } from './setup.ts'

test('a runner gets as many requests as it has places, and the next one as soon as one ends', async () => {
  const { ask, served, settle } = scheduled()
  const load = { slots: 2 }
  const leases = [await ask('a', '1', { load }), await ask('a', '2', { load })]
  const waiting = ask('a', '3', { load })
  await settle()
  expect(served).toEqual(['1', '2'])
  leases[0]?.release()
  await waiting
  expect(served).toEqual(['1', '2', '3'])
})

test('requests that embed, and those that only load, do not wait for a place to answer', async () => {
  const { ask } = scheduled()
  await ask('a')
  await ask('a', 'embeds', { lane: 'embedding' })
  await ask('a', 'embeds too', { lane: 'embedding' })
  await ask('a', 'loads', { lane: 'touch' })
})

test('ollama 163: exactly as many requests wait as may, and the next is told when to come back', async () => {
  const { ask, scheduler } = scheduled({}, { maxQueue: 3 })
  const lease = await ask('a')
  const waiting = ['1', '2', '3'].map((name) => ask('a', name))
  await expect(ask('a', '4')).rejects.toMatchObject({
    code: 'busy',
    message: 'server busy, please try again.  maximum pending requests exceeded',
    details: { retryAfterS: 1 },
  })
  lease.release()
  ;(await Promise.race(waiting)).release()
  await ask('b')
  expect((await scheduler.pulse()).loaded).toBe(2)
})

test('a model with a full queue of its own leaves room for the others', async () => {
  const { ask, settle } = scheduled({}, { maxQueuePerModel: 1 })
  await ask('a')
  await ask('b')
  void ask('a', 'waits').catch(() => {})
  await settle()
  await expect(ask('a', 'too many')).rejects.toMatchObject({ code: 'busy' })
  void ask('b', 'waits').catch(() => {})
  await settle()
})

test('a client with too many requests is refused, and another one is not', async () => {
  const { ask } = scheduled({}, { maxPerClient: 2 })
  await ask('a', '1', { client: 'greedy' })
  void ask('a', '2', { client: 'greedy' }).catch(() => {})
  await expect(ask('b', '3', { client: 'greedy' })).rejects.toMatchObject({ code: 'rate_limited' })
  await ask('b', '4', { client: 'modest' })
})

test('a client that asked once is not made to wait for all of one that asked ten times', async () => {
  const { ask, served, settle } = scheduled()
  const first = await ask('a', 'first', { client: 'greedy' })
  const chain = async (name: string, client: string) => (await ask('a', name, { client })).release()
  const all = Array.from({ length: 10 }, (_, i) => chain(`greedy ${i}`, 'greedy'))
  await settle()
  all.push(chain('modest', 'modest'))
  first.release()
  await Promise.all(all)
  expect(served.indexOf('modest')).toBeLessThan(3)
})

test('a person goes before the batch jobs that came earlier, though not before all that ever came', async () => {
  const { ask, served } = scheduled()
  const first = await ask('a', 'first')
  const chain = async (name: string, priority: 'batch' | 'interactive') =>
    (await ask('a', name, { priority, client: 'same' })).release()
  const all = Array.from({ length: 5 }, (_, i) => chain(`batch ${i}`, 'batch'))
  all.push(...Array.from({ length: 20 }, (_, i) => chain(`person ${i}`, 'interactive')))
  first.release()
  await Promise.all(all)
  const places = (word: string) => served.flatMap((name, at) => (name.startsWith(word) ? [at] : []))
  expect(places('person')[1]).toBeLessThan(places('batch')[1] ?? 0)
  expect(places('batch')[1]).toBeLessThan(places('person')[19] ?? 0)
})

test('who has to wait is told the place in the line', async () => {
  const { ask, settle } = scheduled()
  const places: number[] = []
  const onQueued = (place: number) => places.push(place)
  const lease = await ask('a', 'served at once', { onQueued })
  for (const name of ['1', '2']) void ask('a', name, { onQueued }).catch(() => {})
  await settle()
  expect(places.slice(-2)).toEqual([1, 2])
  lease.release()
})

test('a queue that stands still for too long is told so', async () => {
  const { ask } = scheduled({}, { waitTimeoutMs: 20 })
  await ask('a')
  await expect(ask('a', 'waits')).rejects.toMatchObject({
    code: 'busy',
    message: /nothing has moved for 0.02 s/,
  })
})

test('ten thousand requests that wait and leave, leave nothing behind', async () => {
  const { ask, scheduler, served } = scheduled({}, { maxQueue: 10_000 })
  const lease = await ask('a')
  const clients = Array.from({ length: 10_000 }, () => new AbortController())
  const asked = clients.map(({ signal }, i) =>
    ask('a', `${i}`, { signal, client: `client ${i % 7}` }).catch(() => 'left'),
  )
  expect((await scheduler.pulse()).waiting).toBe(10_000)
  for (const client of clients) client.abort()
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['left']))
  expect(await scheduler.pulse()).toEqual({ waiting: 0, loading: 0, loaded: 1 })
  lease.release()
  ;(await ask('a', 'next')).release()
  expect(served).toEqual(['a', 'next'])
})

test('those who watch are told what becomes of models, and why', async () => {
  const { ask, events, settle } = scheduled()
  ;(await ask('a')).release()
  ;(await ask('a', 'more', { load: { contextLength: 8192 } })).release()
  await settle()
  expect(events.filter(({ type }) => type === 'evicted')).toEqual([
    { type: 'evicted', model: 'a', reason: 'reload', field: 'contextLength' },
  ])
  expect(events.filter(({ type }) => type === 'loaded')).toMatchObject([
    { model: 'a', actual: { RAM: 1_000_000 } },
    { model: 'a', actual: { RAM: 1_000_000 } },
  ])
  expect(events.filter(({ type }) => type === 'queue').slice(-2)).toEqual([
    { type: 'queue', model: 'a', waiting: 0, running: 1 },
    { type: 'queue', model: 'a', waiting: 0, running: 0 },
  ])
})
