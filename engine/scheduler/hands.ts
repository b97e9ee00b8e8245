import { EngineError } from '../errors.ts'
import type { Effects } from './effects.ts'
import type { Resident, State, Waiter } from './state.ts'
import type { Limits } from './types.ts'
import { forgetClient, takeFromQueue } from './waiters.ts'

/** What the loop has in its hands. */
export interface Hands<T> {
  state: State<T>
  limits: Limits
  effects: Effects<T>
  /** Without a planner every load is taken to fit. */
  hasPlanner: boolean
  nextId(): number
}

/** Answers somebody who waits with an error. */
export function refuse<T>({ state, effects }: Hands<T>, waiter: Waiter<T>, error: Error): void {
  takeFromQueue(state, waiter)
  forgetClient(state, waiter, 0)
  effects.refuse(waiter, error)
}

/** Everybody who waited for this load gets its error: trying again for each would only repeat it. */
export function failWaiters<T>(hands: Hands<T>, { key, tag }: Resident<T>, error: Error): void {
  const { effects, state } = hands
  const code = error instanceof EngineError ? error.code : 'load_failed'
  effects.report({ type: 'load-failed', model: effects.nameOf(tag), code, message: error.message })
  for (const waiter of [...(state.queues.get(key)?.waiters.values() ?? [])]) refuse(hands, waiter, error)
}
