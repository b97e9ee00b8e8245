/**
 * The policy: what is to be done next, from the state and the time alone. The loop does it and asks again until there
 * is nothing more to do; every decision makes the work left smaller.
 */
import { EngineError } from '../errors.ts'
import { firstInLine, misfitOf, nextInLine, turnEndsAtMs } from './line.ts'
import { type RoomDecision, roomFor } from './room.ts'
import { isReady, type Preparation, type Queue, type Resident, type State, type Waiter } from './state.ts'
import type { Limits } from './types.ts'

export type Decision<T> =
  | { type: 'grant'; waiter: Waiter<T>; resident: Resident<T> }
  | { type: 'refuse'; waiters: Waiter<T>[]; error: EngineError }
  /** It takes nobody any more. `field`: what about a request needs another runner. */
  | { type: 'retire'; resident: Resident<T>; leaving: NonNullable<Resident<T>['leaving']> }
  | { type: 'close'; resident: Resident<T> }
  | { type: 'give-up-load'; resident: Resident<T>; error: EngineError | undefined }
  | { type: 'prepare'; queue: Queue<T> }
  | { type: 'plan'; preparation: Preparation<T> }
  | { type: 'load'; preparation: Preparation<T> }
  | { type: 'send-away'; preparation: Preparation<T>; victims: Resident<T>[]; reason: 'memory' | 'limit' }
  | { type: 'wait'; preparation: Preparation<T> }
  | { type: 'drop'; preparation: Preparation<T>; error: EngineError | undefined }

/** A planner that has said nothing for so long does not answer any more: it reads a header and asks a driver. */
const PLAN_TIMEOUT_MS = 60_000

/** A load that has not moved for so long may be passed by another one. */
const PASSED_AFTER_MS = 10_000

/** Rounds of making room after which others must be taking it as fast as it comes. */
const MOST_ROUNDS = 8

/** What to do first; undefined when only time or an event can change anything. */
export function decide<T>(state: State<T>, limits: Limits, nowMs: number): Decision<T> | undefined {
  return (
    firstOf(state.queues, (queue) => overdue(queue, limits, nowMs) ?? served(state, queue, nowMs)) ??
    firstOf(state.residents, (resident) => settled(state, resident, limits, nowMs)) ??
    firstOf(state.preparations, (preparation) => furthered(state, preparation, limits, nowMs)) ??
    begun(state, nowMs)
  )
}

/** When to look again although nothing has happened; Infinity for never. */
export function wakesAtMs<T>(state: State<T>, limits: Limits, nowMs: number): number {
  const times = [
    ...[...state.queues.values()].map((queue) => overdueAtMs(queue, limits)),
    ...[...state.residents.values()].flatMap((resident) => settlesAtMs(state, resident, limits)),
    ...[...state.preparations.values()].flatMap((one) => furthersAtMs(state, one)),
    ...[...state.queues.keys()].map((key) => nowMs + state.backOff.waitMs(key, nowMs)),
  ]
  // What was due before has been looked at.
  return Math.min(...times.filter((at) => at > nowMs))
}

function firstOf<V, D>(all: Map<string, V>, look: (one: V) => D | undefined): D | undefined {
  for (const one of all.values()) {
    const decision = look(one)
    if (decision !== undefined) return decision
  }
  return undefined
}

/** The one who has waited longest is the first in the map. */
function overdueAtMs<T>({ waiters, movedAtMs }: Queue<T>, { waitTimeoutMs }: Limits): number {
  const [oldest] = waiters.values()
  return oldest === undefined ? Number.POSITIVE_INFINITY : Math.max(oldest.atMs, movedAtMs) + waitTimeoutMs
}

function overdue<T>(queue: Queue<T>, limits: Limits, nowMs: number): Decision<T> | undefined {
  const [oldest] = queue.waiters.values()
  if (oldest === undefined || nowMs < overdueAtMs(queue, limits)) return undefined
  const seconds = limits.waitTimeoutMs / 1000
  const error = new EngineError('busy', `server busy, please try again.  nothing has moved for ${seconds} s`)
  return { type: 'refuse', waiters: [oldest], error }
}

function served<T>(state: State<T>, queue: Queue<T>, nowMs: number): Decision<T> | undefined {
  const resident = state.residents.get(queue.key)
  if (resident === undefined || !isReady(resident) || resident.isRetiring) return undefined
  const next = nextInLine(state, queue, resident, nowMs)
  if (next?.type === 'grant') return { type: 'grant', waiter: next.waiter, resident }
  if (next?.type === 'reload')
    return { type: 'retire', resident, leaving: { reason: 'reload', field: next.field } }
  return undefined
}

const stallsAtMs = <T>({ progressAtMs }: Resident<T>, { loadTimeoutMs }: Limits) =>
  progressAtMs + loadTimeoutMs

function settlesAtMs<T>(state: State<T>, resident: Resident<T>, limits: Limits): number[] {
  if (isReady(resident)) {
    return mayExpire(state, resident)
      ? [resident.expiresAtMs ?? Number.POSITIVE_INFINITY]
      : turnOf(state, resident)
  }
  return resident.isAbandoned ? [] : [stallsAtMs(resident, limits), resident.progressAtMs + PASSED_AFTER_MS]
}

const turnOf = <T>(state: State<T>, resident: Resident<T>): number[] =>
  state.queues.has(resident.key) && !resident.isRetiring ? [turnEndsAtMs(resident)] : []

/** One that somebody waits for is granted before a keep-alive of 0 ends it. */
const mayExpire = <T>(state: State<T>, resident: Resident<T>): boolean =>
  !resident.isRetiring && resident.users === 0 && !state.queues.has(resident.key)

/** Loads that stand still, times that are up, and leaves to take. */
function settled<T>(
  state: State<T>,
  resident: Resident<T>,
  limits: Limits,
  nowMs: number,
): Decision<T> | undefined {
  if (!isReady(resident)) return stalled(state, resident, limits, nowMs)
  if (resident.isRetiring) {
    return resident.users === 0 && !resident.isClosing ? { type: 'close', resident } : undefined
  }
  if (resident.expiresAtMs === undefined || nowMs < resident.expiresAtMs || !mayExpire(state, resident))
    return undefined
  return { type: 'retire', resident, leaving: { reason: 'keep-alive' } }
}

function stalled<T>(
  state: State<T>,
  resident: Resident<T>,
  limits: Limits,
  nowMs: number,
): Decision<T> | undefined {
  if (resident.isAbandoned) return undefined
  if (!state.queues.has(resident.key)) return { type: 'give-up-load', resident, error: undefined }
  if (nowMs < stallsAtMs(resident, limits)) return undefined
  const percent = Math.floor(resident.fraction * 100)
  const message = `timed out waiting for the model runner to start - no progress for ${limits.loadTimeoutMs / 1000} s at ${percent}%`
  return { type: 'give-up-load', resident, error: new EngineError('load_timeout', message) }
}

function furthered<T>(
  state: State<T>,
  preparation: Preparation<T>,
  limits: Limits,
  nowMs: number,
): Decision<T> | undefined {
  if (!isWanted(state, preparation)) return { type: 'drop', preparation, error: undefined }
  if (preparation.status === 'planning') {
    if (nowMs < preparation.plannedAtMs + PLAN_TIMEOUT_MS) return undefined
    const error = new EngineError('load_timeout', 'timed out waiting for a plan of how to load the model')
    return { type: 'drop', preparation, error }
  }
  if (preparation.status === 'planned') return acted(preparation, roomFor(state, preparation, limits, nowMs))
  const victims = victimsOf(state, preparation)
  const due = victims.find((victim) => !victim.isRetiring && mayBeSent(state, victim, nowMs))
  if (due !== undefined)
    return {
      type: 'retire',
      resident: due,
      leaving: { reason: preparation.reason, preparation: preparation.id },
    }
  if (victims.length > 0 || preparation.seenVersion === state.version) return undefined
  if (isLoaderBusy(state, nowMs)) return undefined
  if (preparation.rounds < MOST_ROUNDS) return { type: 'plan', preparation }
  return { type: 'drop', preparation, error: doesNotFit('others take it as fast as it becomes free') }
}

function acted<T>(preparation: Preparation<T>, decision: RoomDecision<T>): Decision<T> {
  if (decision.type === 'evict') return { ...decision, type: 'send-away', preparation }
  if (decision.type === 'never') return { type: 'drop', preparation, error: doesNotFit('too little is free') }
  return { type: decision.type, preparation }
}

const doesNotFit = (why: string) =>
  new EngineError('does_not_fit', `model requires more memory than is available: ${why}`)

/** Somebody who waits could use what is going to be loaded. */
function isWanted<T>(state: State<T>, { key, request: { plan } }: Preparation<T>): boolean {
  const queue = state.queues.get(key)
  if (queue === undefined) return false
  const loaded = { key, plan, asked: plan } as Resident<T>
  for (const waiter of queue.waiters.values()) if (misfitOf(state, loaded, waiter) === undefined) return true
  return false
}

const victimsOf = <T>({ residents }: State<T>, { victims }: Preparation<T>): Resident<T>[] =>
  [...residents.values()].filter(({ id }) => victims.includes(id))

const mayBeSent = <T>(state: State<T>, victim: Resident<T>, nowMs: number): boolean =>
  !state.queues.has(victim.key) || nowMs >= turnEndsAtMs(victim)

function furthersAtMs<T>(state: State<T>, preparation: Preparation<T>): number[] {
  if (preparation.status === 'planning') return [preparation.plannedAtMs + PLAN_TIMEOUT_MS]
  const victims = victimsOf(state, preparation)
  return victims.filter(({ isRetiring }) => !isRetiring).map(turnEndsAtMs)
}

function isLoaderBusy<T>({ residents, preparations }: State<T>, nowMs: number): boolean {
  const isPlanning = [...preparations.values()].some(({ status }) => status !== 'waiting')
  const isMoving = (resident: Resident<T>) =>
    !isReady(resident) && !resident.isAbandoned && nowMs < resident.progressAtMs + PASSED_AFTER_MS
  return isPlanning || [...residents.values()].some(isMoving)
}

/** The next load: for the one who has waited longest by rights among those whose model is not there. */
function begun<T>(state: State<T>, nowMs: number): Decision<T> | undefined {
  if (state.queues.size === 0 || isLoaderBusy(state, nowMs)) return undefined
  const able = [...state.queues.values()].filter(
    ({ key }) =>
      !state.residents.has(key) && !state.preparations.has(key) && state.backOff.waitMs(key, nowMs) <= 0,
  )
  const [queue] = able.toSorted((a, b) => orderOf(a) - orderOf(b))
  return queue === undefined ? undefined : { type: 'prepare', queue }
}

const orderOf = <T>(queue: Queue<T>): number => firstInLine(queue)?.charge.start ?? Number.POSITIVE_INFINITY
