/**
 * Sole owner of what is in memory and who waits for it. Every change of state ends in `pump`, which looks at
 * the waiting requests in order of arrival:
 *
 *   resident ready and fitting        → granted, whatever waits before it for a load
 *   … but somebody is in there alone, → stays in line, and so does who comes behind it for the same model
 *     or it wants to be
 *   resident still loading            → stays in line until the load has ended
 *   its runner keeps dying            → stays in line until the time to wait is over; loads of others go before it
 *   not there, or needs other options → the first such request retires who is in its way, or starts the load;
 *                                       one load at a time, so those behind it wait
 *
 * A retiring resident takes no new users and closes when its last one leaves. Requests on one runner beyond its
 * slots queue inside the runner.
 */
import type { EvictionReason } from '../activity.ts'
import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { BACK_OFF, createBackOff } from './back-off.ts'
import { createLease } from './lease.ts'
import { loadWithin } from './load-within.ts'
import { MAX_TIMER_MS, runnerKey, victimAmong } from './policy.ts'
import { reportedLoad } from './reported-load.ts'
import { isFitting, isFreeFor, newResident } from './resident.ts'
import type { AcquireRequest, Lease, Resident, Scheduler, SchedulerOptions } from './types.ts'

interface Waiter<T> {
  request: AcquireRequest<T>
  key: string
  resolve: (lease: Lease) => void
  reject: (error: Error) => void
}

export function createScheduler<T>(options: SchedulerOptions<T>): Scheduler<T> {
  const { backend, log, activity } = options
  const residents = new Map<string, Resident<T>>()
  const waiting: Waiter<T>[] = []
  const backOff = createBackOff(options.backOff ?? BACK_OFF)
  let backOffTimer: NodeJS.Timeout | undefined
  let isClosed = false

  function pump(): void {
    let mayLoad = [...residents.values()].every((resident) => resident.runner !== undefined)
    // Models with somebody in line who has to be alone: letting others pass would keep it there for ever.
    const held = new Set<string>()
    for (const waiter of [...waiting]) {
      const resident = residents.get(waiter.key)
      if (isFitting(resident, waiter.request.plan)) {
        if (!held.has(waiter.key) && !admit(waiter, resident)) held.add(waiter.key)
      } else if (mayLoad && makeWay(waiter, resident)) {
        mayLoad = false
      }
    }
    wakeAfterBackOff()
  }

  /** False when the runner is not ready, or not free for this one. */
  function admit(waiter: Waiter<T>, resident: Resident<T>): boolean {
    const { runner } = resident
    if (runner === undefined || !isFreeFor(resident, waiter.request)) return false
    remove(waiter)
    waiter.resolve(grant(resident, runner, waiter.request))
    tellQueue(waiter.key, resident.name)
    return true
  }

  /**
   * Starts the load the waiter needs, or retires who is in the way. False when nothing can be done for this one now,
   * so that the next may try: a process that does not end must not keep other models from loading.
   */
  function makeWay(waiter: Waiter<T>, resident: Resident<T> | undefined): boolean {
    if (resident?.isClosing) return false
    if (resident !== undefined) {
      const { key, plan: from, isRetiring } = resident
      if (!isRetiring) log.info({ weights: key, from, to: waiter.request.plan }, 'model needs a reload')
      retire(resident, 'reload')
    } else if (backOff.waitMs(waiter.key, performance.now()) > 0) {
      return false
    } else if (residents.size < options.maxLoadedModels) {
      void load(waiter.request, waiter.key)
    } else {
      const victim = victimAmong([...residents.values()])
      if (victim !== undefined) retire(victim, 'limit')
    }
    return true
  }

  /** Looks again when the first model that waits to be loaded again may be. */
  function wakeAfterBackOff(): void {
    clearTimeout(backOffTimer)
    const now = performance.now()
    const waits = waiting.map(({ key }) => backOff.waitMs(key, now)).filter((ms) => ms > 0)
    if (waits.length > 0) backOffTimer = setTimeout(pump, Math.ceil(Math.min(...waits)))
  }

  async function load(request: AcquireRequest<T>, key: string): Promise<void> {
    const resident = newResident(key, request, options.defaultKeepAliveMs)
    residents.set(key, resident)
    const startedAt = performance.now()
    try {
      const others = [...residents.values()].filter((other) => other !== resident)
      if (options.plan !== undefined) resident.planned = await options.plan(request, others)
      const plan = resident.planned?.plan ?? request.plan
      const runner = await reportedLoad(activity, resident.name, (report) =>
        loadWithin(options.loadTimeoutMs, resident.loading.signal, (signal, onProgress) =>
          backend.load(plan, signal, (fraction) => {
            onProgress(fraction)
            report(fraction)
          }),
        ),
      )
      const { info } = runner
      log.info({ weights: key, ms: Math.round(performance.now() - startedAt), ...info }, 'model loaded')
      resident.runner = runner
      resident.readyAtMs = performance.now()
      void runner.gone.then((error) => left(resident, error))
      startIdleTimer(resident)
    } catch (error) {
      residents.delete(key)
      // A load that was given up because everybody had left says nothing to those who came since.
      if (!resident.loading.signal.aborted) failWaiters(key, error as Error)
    }
    pump()
  }

  /** Everybody who waited for this load gets its error: trying again for each would only repeat it. */
  function failWaiters(key: string, error: Error): void {
    for (const waiter of waiting.filter((w) => w.key === key)) {
      remove(waiter)
      waiter.reject(error)
      tellQueue(key, nameOf(waiter))
    }
  }

  function left(resident: Resident<T>, error: Error | undefined): void {
    if (error !== undefined) {
      log.warn({ err: error, weights: resident.key }, 'model runner is gone')
      const now = performance.now()
      backOff.died(resident.key, now - (resident.readyAtMs ?? now), now)
    }
    clearTimeout(resident.timer)
    if (residents.get(resident.key) === resident) residents.delete(resident.key)
    if (!isClosed) {
      const reason = error === undefined ? (resident.leaving ?? 'asked') : 'died'
      activity?.report({ type: 'evicted', model: resident.name, reason })
    }
    pump()
  }

  function grant(resident: Resident<T>, runner: Runner, request: AcquireRequest<T>): Lease {
    clearTimeout(resident.timer)
    resident.tag = request.tag
    resident.name = request.name ?? resident.key
    if (request.keepAliveMs !== undefined) resident.keepAliveMs = request.keepAliveMs
    return createLease(resident, runner, {
      isAlone: request.isAlone === true,
      onIdle() {
        // One whose process has died is nobody's any more.
        if (residents.get(resident.key) !== resident) return
        if (resident.isRetiring) retire(resident)
        else startIdleTimer(resident)
      },
      onRoom() {
        tellQueue(resident.key, resident.name)
        // Somebody may have waited for this one to leave, or to let others in.
        if (waiting.some((waiter) => waiter.key === resident.key)) pump()
      },
    })
  }

  function startIdleTimer(resident: Resident<T>): void {
    resident.idleSinceMs = Date.now()
    clearTimeout(resident.timer)
    const { keepAliveMs } = resident
    // The one that just loaded for somebody who waits is granted before a keep-alive of 0 ends it.
    const isAwaited = waiting.some((waiter) => waiter.key === resident.key)
    if (keepAliveMs === 0 && !isAwaited) retire(resident, 'keep-alive')
    else if (keepAliveMs <= MAX_TIMER_MS) {
      resident.timer = setTimeout(() => retire(resident, 'keep-alive'), keepAliveMs).unref()
    }
  }

  function retire(resident: Resident<T>, why?: EvictionReason): void {
    resident.isRetiring = true
    resident.leaving ??= why
    if (resident.users > 0 || resident.isClosing || resident.runner === undefined) return
    resident.isClosing = true
    clearTimeout(resident.timer)
    log.info({ weights: resident.key }, 'model unloaded')
    void resident.runner.close()
  }

  const waitingFor = (key: string): number => waiting.filter((waiter) => waiter.key === key).length

  const nameOf = ({ request, key }: Waiter<T>): string => request.name ?? key

  function tellQueue(key: string, model: string): void {
    const running = residents.get(key)?.users ?? 0
    activity?.report({ type: 'queue', model, waiting: waitingFor(key), running })
  }

  function remove(waiter: Waiter<T>): void {
    const at = waiting.indexOf(waiter)
    if (at >= 0) waiting.splice(at, 1)
  }

  /** The client of a waiter left: nobody else wanting the load that is under way stops it. */
  function abandon(waiter: Waiter<T>): void {
    remove(waiter)
    waiter.reject(new EngineError('cancelled', 'request canceled'))
    tellQueue(waiter.key, nameOf(waiter))
    const resident = residents.get(waiter.key)
    const isWanted = waiting.some((other) => other.key === waiter.key)
    if (resident !== undefined && resident.runner === undefined && !isWanted) resident.loading.abort()
    pump()
  }

  function isReady(key: string, request: AcquireRequest<T>): boolean {
    const resident = residents.get(key)
    return isFitting(resident, request.plan) && resident.runner !== undefined && isFreeFor(resident, request)
  }

  /** Why a request may not even wait. */
  function refusalOf(key: string, request: AcquireRequest<T>, signal: AbortSignal): EngineError | undefined {
    if (isClosed) return new EngineError('shutting_down', 'server is shutting down')
    if (signal.aborted) return new EngineError('cancelled', 'request canceled')
    if (isReady(key, request) || request.isAlone || waiting.length < options.maxQueue) return undefined
    // Two spaces, as in ollama server/sched.go.
    return new EngineError('busy', 'server busy, please try again.  maximum pending requests exceeded')
  }

  return {
    acquire(request, signal) {
      return new Promise((resolve, reject) => {
        const key = runnerKey(request.plan)
        const refusal = refusalOf(key, request, signal)
        if (refusal !== undefined) {
          reject(refusal)
          return
        }
        const onAbort = () => abandon(waiter)
        const waiter: Waiter<T> = {
          request,
          key,
          resolve: (lease) => {
            signal.removeEventListener('abort', onAbort)
            resolve(lease)
          },
          reject: (error) => {
            signal.removeEventListener('abort', onAbort)
            reject(error)
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.push(waiter)
        pump()
        if (waiting.includes(waiter)) tellQueue(key, nameOf(waiter))
      })
    },
    unload(plan) {
      const resident = residents.get(runnerKey(plan))
      // One that is still loading is wanted by somebody.
      if (resident?.runner !== undefined) retire(resident, 'asked')
    },
    residents: () => [...residents.values()],
    waitingFor,
    pulse: () =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          try {
            if (isClosed) throw new EngineError('shutting_down', 'server is shutting down')
            pump()
            const loading = [...residents.values()].filter(({ runner }) => runner === undefined).length
            resolve({ loaded: residents.size - loading, loading, waiting: waiting.length })
          } catch (error) {
            reject(error)
          }
        })
      }),
    async close() {
      isClosed = true
      clearTimeout(backOffTimer)
      for (const waiter of [...waiting]) {
        remove(waiter)
        waiter.reject(new EngineError('shutting_down', 'server is shutting down'))
      }
      for (const resident of residents.values()) {
        clearTimeout(resident.timer)
        resident.loading.abort()
      }
      await backend.close()
    },
  }
}
