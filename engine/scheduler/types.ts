import type { Activity } from '../activity.ts'
import type { Backend, LoadPlan, Runner } from '../backend.ts'
import type { Log } from '../log.ts'
import type { Occupancy, PlannedLoad } from '../planning/types.ts'
import type { Priority } from '../types.ts'
import type { BackOffTimes } from './back-off.ts'

/** What bounds the scheduler. Numbers of requests are exact; 0 turns a limit of clients and models off. */
export interface Limits {
  /** Residents at most. */
  maxLoadedModels: number
  /** Requests that may wait, all models together; the one a load was begun for does not count. */
  maxQueue: number
  /** Of those, for one model. */
  maxQueuePerModel: number
  /** Requests that one client may have at the same time, waiting or at work. */
  maxPerClient: number
  /** A load without progress for this long is given up; Infinity waits. */
  loadTimeoutMs: number
  /** A request waits no longer than this while the queue of its model stands still; Infinity waits. */
  waitTimeoutMs: number
  /** For models whose requests name no time. */
  defaultKeepAliveMs: number
}

type Needed = 'maxQueue' | 'loadTimeoutMs' | 'defaultKeepAliveMs'

export interface SchedulerOptions<T>
  extends Pick<Limits, Needed>,
    Partial<Omit<Limits, Needed | 'maxLoadedModels'>> {
  backend: Backend
  /** Residents at most, or how to tell: what is asked for each load. At least 1. */
  maxLoadedModels: number | (() => number)
  /** How to load within the memory there is; where absent only their number bounds what is loaded. */
  plan?: (tag: T, plan: LoadPlan, occupancy: Occupancy) => Promise<PlannedLoad>
  /** How long a model waits for its next load whose runner keeps dying. */
  backOff?: BackOffTimes
  log: Log
  activity?: Activity
  /** What people call the model; its weights' path where absent. */
  nameOf?: (tag: T) => string
}

/**
 * What a request takes of a runner: one of its slots; a part of its embedding steps, which requests share; or
 * nothing but its being there.
 */
export type Lane = 'slot' | 'embedding' | 'touch'

export interface AcquireRequest<T> {
  plan: LoadPlan
  keepAliveMs?: number
  /** What the caller wants to find again on the resident. */
  tag: T
  /** Use the runner when nobody else does, and let nobody else in until `share` or `release`. */
  isAlone?: boolean
  /** `slot` where absent. */
  lane?: Lane
  /** Who asks; those who say nothing are one client. */
  client?: string
  /** `interactive` where absent. */
  priority?: Priority
  /** Tokens it is expected to take, read and written. */
  cost?: number
  /** Told once if it has to wait: how many wait for the same model, this one included. */
  onQueued?: (position: number) => void
}

/** The right to use a runner until `release`. */
export interface Lease {
  runner: Runner
  release(): void
  /** What the request really took: its client is charged for that instead of what was expected. */
  spent(tokens: number): void
  /** Lets others in beside a lease that was taken alone. */
  share(): void
  /** The runner has died or hangs: nobody gets it any more, and its memory is not free until it is gone. */
  condemn(): void
}

/** A model in memory, or on its way in or out. */
export interface ResidentView<T> {
  readonly key: string
  readonly plan: LoadPlan
  readonly tag: T
  /** Requests that use it now. */
  readonly users: number
  readonly keepAliveMs: number
  /** Undefined while it loads. */
  readonly runner: Runner | undefined
  /** It takes no new users and goes when it has none. */
  readonly isRetiring: boolean
  /** When its last user left, in milliseconds since the epoch. */
  readonly idleSinceMs: number
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
   * Waits until a runner for the plan is ready and it is this request's turn. Throws EngineError: `busy` at once when
   * the queue is full, `rate_limited` when the client has too many requests, `does_not_fit` from the planner, what
   * the load threw, `busy` after a wait in which nothing moved, or `cancelled` when `signal` aborts; the last one to
   * leave a load stops it. A request that wants to be alone has waited before, so it is never refused at once.
   */
  acquire(request: AcquireRequest<T>, signal: AbortSignal): Promise<Lease>
  /** Lets the runner of these weights go as soon as nobody uses it. */
  unload(plan: Pick<LoadPlan, 'weightsPath' | 'adapterPaths'>): void
  residents(): ResidentView<T>[]
  /** Requests in line for the runner of this key. */
  waitingFor(key: string): number
  /**
   * Answered by the loop itself, on its next turn: it does not resolve while that is stuck, and rejects when it is
   * closed. Whoever asks brings the deadline.
   */
  pulse(): Promise<Pulse>
  close(): Promise<void>
}
