/** Whether a request may wait. */
import { EngineError } from '../errors.ts'
import { misfitOf } from './line.ts'
import { isReady, laneRoom, type Resident, type State, type Waiter } from './state.ts'
import type { Limits } from './types.ts'

/** Two spaces, as in ollama server/sched.go. */
const QUEUE_FULL = 'server busy, please try again.  maximum pending requests exceeded'
const TOO_MANY = 'too many requests from this client at the same time, please try again'

/**
 * Why a newcomer is turned away; undefined for one that is served at once or may wait. `retryAfterS` is what the
 * client is told.
 */
export function refusalOf<T>(
  state: State<T>,
  waiter: Waiter<T>,
  limits: Limits,
  retryAfterS: number,
): EngineError | undefined {
  if (state.isClosed) return shuttingDown()
  // One that wants to be alone has waited before.
  if (waiter.request.isAlone === true) return undefined
  const details = { retryAfterS }
  if (limits.maxPerClient > 0 && (state.clients.get(waiter.client) ?? 0) >= limits.maxPerClient) {
    return new EngineError('rate_limited', TOO_MANY, { details })
  }
  if (!isQueueFull(state, waiter.key, limits) || isServedAtOnce(state, waiter)) return undefined
  return new EngineError('busy', QUEUE_FULL, { details })
}

export const shuttingDown = () => new EngineError('shutting_down', 'server is shutting down')

/** Requests that wait, without those a load is under way for. */
export function queued<T>(state: State<T>): number {
  const keys = [...state.queues.keys()]
  return state.waiting - keys.filter((key) => isBeingLoaded(state, key)).length
}

function isQueueFull<T>(state: State<T>, key: string, { maxQueue, maxQueuePerModel }: Limits): boolean {
  if (queued(state) >= maxQueue) return true
  if (maxQueuePerModel === 0) return false
  const ofModel = (state.queues.get(key)?.waiters.size ?? 0) - Number(isBeingLoaded(state, key))
  return ofModel >= maxQueuePerModel
}

function isBeingLoaded<T>({ residents, preparations }: State<T>, key: string): boolean {
  const resident = residents.get(key)
  return preparations.has(key) || (resident !== undefined && !isReady(resident) && !resident.isAbandoned)
}

/** Nobody is before it, and it can go to its runner, or its load can begin, without waiting for anybody. */
function isServedAtOnce<T>(state: State<T>, waiter: Waiter<T>): boolean {
  if ((state.queues.get(waiter.key)?.waiters.size ?? 0) > 0) return false
  const resident = state.residents.get(waiter.key)
  if (resident !== undefined) return hasRoom(state, resident, waiter)
  return !isLoaderBusy(state) && state.queues.size === 0
}

function hasRoom<T>(state: State<T>, resident: Resident<T>, waiter: Waiter<T>): boolean {
  if (!isReady(resident) || resident.isRetiring || resident.isReserved) return false
  const isOpen = resident.usersByLane[waiter.lane] < laneRoom(resident, waiter.lane)
  return isOpen && misfitOf(state, resident, waiter) === undefined
}

const isLoaderBusy = <T>({ residents, preparations }: State<T>): boolean =>
  preparations.size > 0 || [...residents.values()].some((resident) => !isReady(resident))
