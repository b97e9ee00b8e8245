import type { Activity, EvictionReason } from '../activity.ts'
import type { Backend, LoadPlan, Runner } from '../backend.ts'
import type { Log } from '../log.ts'
import type { PlannedLoad } from '../planning/types.ts'
import type { BackOffTimes } from './back-off.ts'

export interface SchedulerOptions<T> {
  backend: Backend
  /** Residents at most. */
  maxLoadedModels: number
  /** Requests that may wait for a load. */
  maxQueue: number
  /** A load without progress for this long is given up; Infinity waits. */
  loadTimeoutMs: number
  /** For models whose requests name no time. */
  defaultKeepAliveMs: number
  /** How to load within the memory there is; absent loads as the request says. */
  plan?: (request: AcquireRequest<T>, others: readonly Resident<T>[]) => Promise<PlannedLoad>
  /** How long a model waits for its next load whose runner keeps dying. */
  backOff?: BackOffTimes
  /** Who wants to know what happens to models. */
  activity?: Activity
  log: Log
}

export interface AcquireRequest<T> {
  plan: LoadPlan
  keepAliveMs?: number
  /** What the caller wants to find again on the resident. */
  tag: T
  /** What reports call the model; its weights' path where absent. */
  name?: string
  /** Use the runner when nobody else does, and let nobody else in until `share` or `release`. */
  isAlone?: boolean
}

/** The right to use a runner until `release`. */
export interface Lease {
  runner: Runner
  release(): void
  /** Lets others in beside a lease that was taken alone. */
  share(): void
  /** The runner has died or hangs: nobody gets it any more, and its memory is not free until it is gone. */
  condemn(): void
}

export interface Resident<T> {
  key: string
  /** As the request that brought it in asked for it. */
  plan: LoadPlan
  /** As it was loaded; undefined while it loads, and where nothing plans. */
  planned: PlannedLoad | undefined
  tag: T
  name: string
  users: number
  /** One of them wants to be the only one. */
  isReserved: boolean
  keepAliveMs: number
  /** Undefined while it loads. */
  runner: Runner | undefined
  isRetiring: boolean
  isClosing: boolean
  /** Why it is retiring; the first reason stays. */
  leaving: EvictionReason | undefined
  idleSinceMs: number
  /** When it was ready, by the monotonic clock; undefined while it loads. */
  readyAtMs: number | undefined
  timer: NodeJS.Timeout | undefined
  loading: AbortController
}

/** What the scheduler's loop sees as it comes round. */
export interface Pulse {
  loaded: number
  loading: number
  /** Requests in line for a model. */
  waiting: number
}

export interface Scheduler<T> {
  /**
   * Waits until a runner for the plan is ready. Throws EngineError `busy` at once when the queue is full, what
   * the load threw, or `cancelled` when `signal` aborts; the last one to leave a load stops it. A request that
   * wants to be alone has waited before, so it is never `busy`.
   */
  acquire(request: AcquireRequest<T>, signal: AbortSignal): Promise<Lease>
  /** Lets the runner of these weights go as soon as nobody uses it. */
  unload(plan: Pick<LoadPlan, 'weightsPath' | 'adapterPaths'>): void
  residents(): Resident<T>[]
  /** Requests in line for the runner of this key. */
  waitingFor(key: string): number
  /**
   * Answered by the loop itself, on its next turn: it does not resolve while that is stuck, and rejects with what it
   * threw. Whoever asks brings the deadline.
   */
  pulse(): Promise<Pulse>
  close(): Promise<void>
}
