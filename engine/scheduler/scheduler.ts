/** The scheduler as the engine sees it: joins the loop with the backend, the planner, clocks and timers. */
import { setImmediate } from 'node:timers/promises'
import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { shuttingDown } from './admission.ts'
import { BACK_OFF, createBackOff } from './back-off.ts'
import type { Effects, SchedulerEvent } from './effects.ts'
import { createLoop } from './loop.ts'
import { runnerKey } from './reload.ts'
import type { Waiter } from './state.ts'
import type { Lease, Limits, Scheduler, SchedulerOptions } from './types.ts'

/** The longest a Node timer can wait (2^31 - 1 ms, 24.8 days). */
const MAX_TIMER_MS = 2_147_483_647

/** Longer than any answer takes: for so long a queue stands still only when something is wrong. */
const WAIT_TIMEOUT_MS = 3_600_000

interface Asked {
  resolve: (lease: Lease) => void
  reject: (error: Error) => void
}

/** A scheduler with nothing in memory. */
export function createScheduler<T>(options: SchedulerOptions<T>): Scheduler<T> {
  const { backend, log, plan, activity } = options
  const nameOf = options.nameOf
  const asked = new Map<number, Asked>()
  const loading = new Map<number, AbortController>()
  let lastWaiter = 0
  let timer: NodeJS.Timeout | undefined

  const effects: Effects<T> = {
    nowMs: () => performance.now(),
    epochMs: () => Date.now(),
    plan(preparationId, tag, wanted, occupancy) {
      const planning =
        plan === undefined ? Promise.resolve({ plan: wanted, needs: {} }) : plan(tag, wanted, occupancy)
      planning.then(
        (planned) => send({ type: 'planned', preparationId, planned }),
        (error: Error) => send({ type: 'plan-failed', preparationId, error }),
      )
    },
    load(residentId, wanted) {
      const stop = new AbortController()
      loading.set(residentId, stop)
      const onProgress = (fraction: number) => send({ type: 'progress', residentId, fraction })
      backend
        .load(wanted, stop.signal, onProgress)
        .then(
          (runner) => loaded(residentId, runner),
          (error: Error) => send({ type: 'load-failed', residentId, error }),
        )
        .finally(() => loading.delete(residentId))
    },
    stopLoad: (residentId) => loading.get(residentId)?.abort(),
    close: (runner) =>
      void runner.close().catch((error) => log.warn({ err: error }, 'a runner could not be closed')),
    wakeAt(atMs, isAwaited) {
      clearTimeout(timer)
      if (atMs === Number.POSITIVE_INFINITY) return
      const delayMs = Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(atMs - performance.now())))
      timer = setTimeout(() => send({ type: 'tick' }), delayMs)
      if (!isAwaited) timer.unref()
    },
    grant: (waiter, leaseId, runner) => answer(waiter)?.resolve(leaseOf(leaseId, runner)),
    refuse: (waiter, error) => answer(waiter)?.reject(error),
    nameOf: (tag) => nameOf?.(tag) ?? String(tag),
    report: (event) => activity?.report(event),
    log,
  }
  const backOff = createBackOff(options.backOff ?? BACK_OFF)
  const loop = createLoop<T>({ limits: limitsOf(options), effects, backOff, hasPlanner: plan !== undefined })
  const send = (event: SchedulerEvent<T>) => loop.send(event)

  function loaded(residentId: number, runner: Runner): void {
    send({ type: 'loaded', residentId, runner })
    void runner.gone.then((error) => send({ type: 'gone', residentId, error }))
  }

  function answer({ id }: Waiter<T>): Asked | undefined {
    const one = asked.get(id)
    asked.delete(id)
    return one
  }

  function leaseOf(leaseId: number, runner: Runner): Lease {
    let tokens: number | undefined
    return {
      runner,
      spent(count) {
        tokens = count
      },
      share: () => send({ type: 'share', leaseId }),
      condemn: () => send({ type: 'condemn', leaseId }),
      release: () => send({ type: 'release', leaseId, tokens }),
    }
  }

  return {
    acquire(request, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(new EngineError('cancelled', 'request canceled'))
          return
        }
        const waiterId = ++lastWaiter
        const key = runnerKey(request.plan)
        const leave = () => send({ type: 'cancel', waiterId, key })
        const settled = () => signal.removeEventListener('abort', leave)
        asked.set(waiterId, {
          resolve: (lease) => {
            settled()
            resolve(lease)
          },
          reject: (error) => {
            settled()
            reject(error)
          },
        })
        signal.addEventListener('abort', leave, { once: true })
        send({ type: 'request', waiterId, request })
      })
    },
    unload: (gone) => send({ type: 'unload', key: runnerKey(gone) }),
    residents: () => [...loop.state.residents.values()],
    waitingFor: (key) => loop.state.queues.get(key)?.waiters.size ?? 0,
    async pulse() {
      await setImmediate()
      if (loop.state.isClosed) throw shuttingDown()
      return new Promise((resolve) => send({ type: 'pulse', answer: resolve }))
    },
    async close() {
      send({ type: 'close' })
      await backend.close()
    },
  }
}

function limitsOf<T>(options: SchedulerOptions<T>): Limits {
  const { maxLoadedModels, maxQueue, loadTimeoutMs, defaultKeepAliveMs } = options
  return {
    get maxLoadedModels() {
      return Math.max(1, typeof maxLoadedModels === 'number' ? maxLoadedModels : maxLoadedModels())
    },
    maxQueue,
    loadTimeoutMs,
    defaultKeepAliveMs,
    maxQueuePerModel: options.maxQueuePerModel ?? 0,
    maxPerClient: options.maxPerClient ?? 0,
    waitTimeoutMs: options.waitTimeoutMs ?? WAIT_TIMEOUT_MS,
  }
}
