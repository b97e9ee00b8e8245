/** What the loop does to the world, and what the world tells the loop. */
import type { ActivityEvent } from '../activity.ts'
import type { LoadPlan, Runner } from '../backend.ts'
import type { Occupancy, PlannedLoad } from '../planning/types.ts'
import type { Waiter } from './state.ts'
import type { AcquireRequest, Pulse } from './types.ts'

/** Everything but time that can change the state. Numbers name what the loop numbered, or the caller a request. */
export type SchedulerEvent<T> =
  | { type: 'request'; waiterId: number; request: AcquireRequest<T> }
  | { type: 'cancel'; waiterId: number; key: string }
  /** `tokens`: what it really took. */
  | { type: 'release'; leaseId: number; tokens: number | undefined }
  | { type: 'share'; leaseId: number }
  | { type: 'condemn'; leaseId: number }
  | { type: 'planned'; preparationId: number; planned: PlannedLoad }
  | { type: 'plan-failed'; preparationId: number; error: Error }
  | { type: 'progress'; residentId: number; fraction: number }
  | { type: 'loaded'; residentId: number; runner: Runner }
  | { type: 'load-failed'; residentId: number; error: Error }
  /** `error`: why, when it was not asked for. */
  | { type: 'gone'; residentId: number; error: Error | undefined }
  | { type: 'unload'; key: string }
  | { type: 'tick' }
  | { type: 'pulse'; answer: (pulse: Pulse) => void }
  | { type: 'close' }

/** None of these waits, and each that begins something is answered by events until that has ended. */
export interface Effects<T> {
  /** A monotonic clock. */
  nowMs(): number
  /** Milliseconds since the epoch. */
  epochMs(): number
  /** Answered by `planned` or `plan-failed`. */
  plan(preparationId: number, tag: T, plan: LoadPlan, occupancy: Occupancy): void
  /** Answered by `progress` and then `loaded` or `load-failed`; after `loaded`, by `gone` at the end. */
  load(residentId: number, plan: LoadPlan): void
  /** The load is to end; answered by `load-failed`, or by `loaded` when it had ended already. */
  stopLoad(residentId: number): void
  /** The runner is to end; answered by `gone`. */
  close(runner: Runner): void
  /** Sends `tick` then, in place of what was asked before. Infinity is never; `isAwaited` keeps the process alive for it. */
  wakeAt(atMs: number, isAwaited: boolean): void
  grant(waiter: Waiter<T>, leaseId: number, runner: Runner): void
  refuse(waiter: Waiter<T>, error: Error): void
  nameOf(tag: T): string
  report(event: ActivityEvent): void
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
}
