import { expect, test, vi } from 'vitest'
import type { LoadPlan } from '../../../engine/backend.ts'
import { EngineError } from '../../../engine/errors.ts'
import { createScheduler } from '../../../engine/scheduler/scheduler.ts'
import type { SchedulerOptions } from '../../../engine/scheduler/types.ts'
import { type Script, ScriptedBackend } from '../../helpers/scripted-backend.ts'

const plan = (weightsPath: string, contextLength = 4096): LoadPlan => ({
  weightsPath,
  adapterPaths: [],
  slots: 4,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  contextLength,
  batchTokens: 512,
  gpuLayers: -1,
  mainGpu: undefined,
  mmap: undefined,
  threads: 0,
})
const stay = new AbortController().signal

function setup(script: Partial<Script> = {}, options: Partial<SchedulerOptions<string>> = {}) {
  const backend = new ScriptedBackend(script)
  const scheduler = createScheduler<string>({
    backend,
    maxLoadedModels: 3,
    maxQueue: 512,
    loadTimeoutMs: Infinity,
    defaultKeepAliveMs: Infinity,
    log: { info() {}, warn() {} },
    ...options,
  })
  const acquire = (
    name: string,
    more: { signal?: AbortSignal; keepAliveMs?: number; contextLength?: number } = {},
  ) => {
    const { signal = stay, keepAliveMs, contextLength } = more
    const request = {
      plan: plan(name, contextLength),
      tag: name,
      ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    }
    return scheduler.acquire(request, signal)
  }
  const loaded = () => scheduler.residents().map((resident) => resident.key)
  return { backend, scheduler, acquire, loaded }
}

test('ollama 161: a second request with equal options uses the loaded runner', async () => {
  const { backend, acquire } = setup()
  const first = await acquire('a')
  const second = await acquire('a')
  expect(second.runner).toBe(first.runner)
  expect(backend.plans).toHaveLength(1)
})

test('a shorter context is served by the longer one that is there', async () => {
  const { backend, acquire } = setup()
  const first = await acquire('a')
  expect((await acquire('a', { contextLength: 2048 })).runner).toBe(first.runner)
  expect(backend.plans).toHaveLength(1)
})

test('ollama 161: a longer context waits for running requests, then reloads once, to the longest anybody waits for', async () => {
  const { backend, acquire } = setup()
  const first = await acquire('a')
  const second = acquire('a', { contextLength: 8192 })
  const third = acquire('a', { contextLength: 16_384 })
  expect(backend.closed).toBe(0)
  first.release()
  expect((await second).runner).toBe((await third).runner)
  expect(backend.plans.map((p) => p.contextLength)).toEqual([4096, 16_384])
})

test('requests for a retiring model do not keep it alive', async () => {
  const { backend, acquire } = setup()
  const first = await acquire('a')
  const reload = acquire('a', { contextLength: 8192 })
  const again = acquire('a')
  expect(await Promise.race([again.then(() => 'served'), 'waiting'])).toBe('waiting')
  first.release()
  await Promise.all([reload, again])
  expect(backend.plans.map((p) => p.contextLength)).toEqual([4096, 8192])
})

test('ollama 163: a request beyond the queue, in which the one whose model loads does not count, is refused at once', async () => {
  const { acquire } = setup({ loadMs: 60_000 }, { maxQueue: 1 })
  const client = new AbortController()
  const waiting = [acquire('a', { signal: client.signal }), acquire('b', { signal: client.signal })]
  await expect(acquire('c')).rejects.toMatchObject({
    code: 'busy',
    message: 'server busy, please try again.  maximum pending requests exceeded',
  })
  client.abort()
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'cancelled' })
})

test('ollama 164: at the limit the idle model leaves before the next one is loaded', async () => {
  const { backend, acquire, loaded } = setup({}, { maxLoadedModels: 1 })
  ;(await acquire('a')).release()
  await acquire('b')
  expect(backend.closed).toBe(1)
  expect(loaded()).toEqual(['b'])
})

test('ollama 164: at the limit the load waits for a busy model', async () => {
  const { backend, acquire, loaded } = setup({}, { maxLoadedModels: 1 })
  const busy = await acquire('a')
  const next = acquire('b')
  expect([loaded(), backend.closed]).toEqual([['a'], 0])
  busy.release()
  await next
  expect(loaded()).toEqual(['b'])
})

test('ollama 165: of three idle models the one with the shortest keep-alive is evicted', async () => {
  const { acquire, loaded } = setup()
  for (const [name, keepAliveMs] of [
    ['a', 60_000],
    ['b', 10_000],
    ['c', Infinity],
  ] as const) {
    ;(await acquire(name, { keepAliveMs })).release()
  }
  await acquire('d')
  expect(loaded().toSorted()).toEqual(['a', 'c', 'd'])
})

test('a loaded model answers while another one loads', async () => {
  const { acquire } = setup({ loadMs: 200 })
  ;(await acquire('a')).release()
  const slow = acquire('b')
  await acquire('a')
  expect(await Promise.race([slow.then(() => 'b'), 'still loading'])).toBe('still loading')
  await slow
})

test('ollama 167: the last client to leave a load stops it, and the next request loads cleanly', async () => {
  const { backend, acquire, loaded } = setup({ loadMs: 60_000 })
  const client = new AbortController()
  const gone = acquire('a', { signal: client.signal })
  client.abort()
  await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
  await vi.waitFor(() => expect(loaded()).toEqual([]))
  const next = new AbortController()
  const second = acquire('a', { signal: next.signal })
  expect(backend.plans).toHaveLength(2)
  next.abort()
  await expect(second).rejects.toThrow()
})

test('a client that comes while an abandoned load is being stopped gets a load of its own', async () => {
  const { backend, acquire } = setup({ loadMs: 50 })
  const client = new AbortController()
  const gone = acquire('a', { signal: client.signal })
  client.abort()
  const next = acquire('a')
  await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
  await next
  expect(backend.plans).toHaveLength(2)
})

test('a client that leaves a load does not stop it for the others', async () => {
  const { acquire, backend } = setup({ loadMs: 50 })
  const client = new AbortController()
  const gone = acquire('a', { signal: client.signal })
  const stays = acquire('a')
  client.abort()
  await expect(gone).rejects.toThrow()
  await stays
  expect(backend.plans).toHaveLength(1)
})

test('everybody who waited for a failing load gets its error', async () => {
  const { acquire, backend } = setup({ loadMs: 5, loadError: new Error('no such architecture') })
  const both = await Promise.allSettled([acquire('a'), acquire('a')])
  expect(both.map((one) => one.status === 'rejected' && one.reason.message)).toEqual([
    'no such architecture',
    'no such architecture',
  ])
  expect(backend.plans).toHaveLength(1)
})

test('ollama 169: a load without progress is given up', async () => {
  const { acquire } = setup({ loadMs: 60_000 }, { loadTimeoutMs: 20 })
  await expect(acquire('a')).rejects.toMatchObject({ code: 'load_timeout', message: /timed out waiting/ })
})

test('a model goes when its time is up, counted from the end of the last request', async () => {
  vi.useFakeTimers()
  try {
    const { acquire, loaded } = setup()
    const first = await acquire('a', { keepAliveMs: 1000 })
    await vi.advanceTimersByTimeAsync(5000)
    expect(loaded()).toEqual(['a'])
    first.release()
    await vi.advanceTimersByTimeAsync(900)
    const second = await acquire('a')
    await vi.advanceTimersByTimeAsync(900)
    second.release()
    await vi.advanceTimersByTimeAsync(999)
    expect(loaded()).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(1)
    expect(loaded()).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})

test('a keep-alive of 0 unloads as soon as the request has ended', async () => {
  const { acquire, loaded, backend } = setup()
  const lease = await acquire('a', { keepAliveMs: 0 })
  expect(loaded()).toEqual(['a'])
  lease.release()
  await vi.waitFor(() => expect(loaded()).toEqual([]))
  expect(backend.closed).toBe(1)
})

test('unloading a busy model waits for its request', async () => {
  const { acquire, loaded, scheduler } = setup()
  const lease = await acquire('a')
  scheduler.unload(plan('a'))
  expect(loaded()).toEqual(['a'])
  lease.release()
  await vi.waitFor(() => expect(loaded()).toEqual([]))
})

test('unloading a model that loads lets it go after those who wait for it, whatever time they named', async () => {
  const { acquire, loaded, scheduler, backend } = setup({ loadMs: 20 })
  const first = acquire('a', { keepAliveMs: 60_000 })
  scheduler.unload(plan('a'))
  const lease = await first
  expect(loaded()).toEqual(['a'])
  lease.release()
  await vi.waitFor(() => expect(loaded()).toEqual([]))
  expect(backend.plans).toHaveLength(1)
})

test('unloading a busy model that others wait for serves them before it goes, without loading it again', async () => {
  const { acquire, loaded, scheduler, backend } = setup({ info: { slots: 1 } })
  const first = await acquire('a')
  const waiting = acquire('a', { keepAliveMs: Infinity })
  scheduler.unload(plan('a'))
  first.release()
  const second = await waiting
  expect(second.runner).toBe(first.runner)
  second.release()
  await vi.waitFor(() => expect(loaded()).toEqual([]))
  expect(backend.plans).toHaveLength(1)
})

test('a runner that got a shorter context than was planned does not serve requests that need more', async () => {
  const { acquire, backend } = setup(
    { info: { contextLength: 2048 } },
    {
      plan: async (_tag, wanted) => ({
        plan: { ...wanted, contextLength: wanted.contextLength || 8192 },
        needs: {},
      }),
    },
  )
  ;(await acquire('a', { contextLength: 0 })).release()
  ;(await acquire('a', { contextLength: 0 })).release()
  ;(await acquire('a', { contextLength: 2048 })).release()
  expect(backend.plans).toHaveLength(1)
  ;(await acquire('a', { contextLength: 3000 })).release()
  expect(backend.plans.map((p) => p.contextLength)).toEqual([8192, 3000])
})

test('what a context that does not fit is refused for, is no reason against a named one that does', async () => {
  const { acquire } = setup(
    {},
    {
      async plan(_tag, wanted) {
        if (wanted.contextLength === 0) throw new EngineError('does_not_fit', 'not even 4096 tokens')
        return { plan: wanted, needs: {} }
      },
    },
  )
  const automatic = acquire('a', { contextLength: 0 })
  const named = acquire('a', { contextLength: 512 })
  await expect(automatic).rejects.toMatchObject({ code: 'does_not_fit' })
  expect((await named).runner.info.contextLength).toBe(512)
})

test('closing refuses those who wait and those who come', async () => {
  const { acquire, scheduler } = setup({ loadMs: 60_000 })
  const waiting = acquire('a')
  const refused = expect(waiting).rejects.toMatchObject({ code: 'shutting_down' })
  await scheduler.close()
  await refused
  await expect(acquire('b')).rejects.toMatchObject({ code: 'shutting_down' })
})

/** A lease on a runner whose death the test decides. */
async function mortal(setUp: ReturnType<typeof setup>) {
  const deaths: ((error: Error) => void)[] = []
  const { backend } = setUp
  const load = backend.load.bind(backend)
  backend.load = async (...args) => {
    const runner = await load(...args)
    const died = new Promise<Error>((resolve) => deaths.push(resolve))
    return { ...runner, gone: Promise.race([runner.gone, died]) }
  }
  return { die: (nth = -1) => deaths.at(nth)?.(new Error('died')) }
}

test('a model whose runner died is loaded again at once, then only after a growing time', async () => {
  vi.useFakeTimers()
  const set = setup({}, { backOff: { firstMs: 1000, longestMs: 1500, healthyMs: 60_000 } })
  const { die } = await mortal(set)
  await set.acquire('a')
  try {
    for (const waitMs of [0, 1000, 1500, 1500]) {
      die()
      await vi.waitFor(() => expect(set.loaded()).toEqual([]))
      const loads = set.backend.plans.length
      const next = set.acquire('a')
      if (waitMs > 0) await vi.advanceTimersByTimeAsync(waitMs - 60)
      expect(set.backend.plans).toHaveLength(waitMs > 0 ? loads : loads + 1)
      await vi.advanceTimersByTimeAsync(60)
      await next
    }
  } finally {
    vi.useRealTimers()
  }
})

test('a request that waits for a model that keeps dying holds up no other model, and may leave', async () => {
  const set = setup({}, { backOff: { firstMs: 1e6, longestMs: 1e6, healthyMs: 60_000 }, maxLoadedModels: 1 })
  const { die } = await mortal(set)
  for (let i = 0; i < 2; i++) {
    await set.acquire('a')
    die()
    await vi.waitFor(() => expect(set.loaded()).toEqual([]))
  }
  const client = new AbortController()
  const waiting = set.acquire('a', { signal: client.signal })
  ;(await set.acquire('b')).release()
  ;(await set.acquire('c')).release()
  expect(set.loaded()).toEqual(['c'])
  client.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  await set.scheduler.close()
})

test('a request that has to be alone waits for the others, and they wait for it', async () => {
  const { scheduler, acquire } = setup()
  const order: string[] = []
  const ask = async (name: string, isAlone: boolean) => {
    const lease = await scheduler.acquire({ plan: plan('a'), tag: name, isAlone }, stay)
    order.push(name)
    return lease
  }
  const first = await ask('first', false)
  const alone = ask('alone', true)
  const last = ask('last', false)
  await acquire('b')
  expect(order).toEqual(['first'])
  first.release()
  const lease = await alone
  await acquire('b')
  expect(order).toEqual(['first', 'alone'])
  lease.share()
  await last
  expect(order).toEqual(['first', 'alone', 'last'])
})

test('a runner that is known to hang gets no new requests, and its successor, and nobody else, waits until it is gone', async () => {
  const set = setup()
  const { die } = await mortal(set)
  const lease = await set.acquire('a')
  lease.condemn()
  lease.release()
  const next = set.acquire('a')
  await set.acquire('b')
  expect([set.loaded(), set.backend.plans.length]).toEqual([['a', 'b'], 2])
  die(0)
  expect((await next).runner).not.toBe(lease.runner)
})
