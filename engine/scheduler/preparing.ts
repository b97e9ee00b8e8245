/** How a load is made possible, step by step. */
import type { LoadPlan } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { type Hands, refuse } from './hands.ts'
import { firstInLine } from './line.ts'
import { coalesced, reloadField } from './reload.ts'
import { isTakenForGone, occupancyFor, stageAfter } from './room.ts'
import { memoryTaken, type Preparation, type Queue, type Resident, type State } from './state.ts'

/** Begins to make a load possible. */
export function prepare<T>(hands: Hands<T>, queue: Queue<T>, nowMs: number): void {
  const first = firstInLine(queue)
  if (first === undefined) return
  const preparation: Preparation<T> = {
    id: hands.nextId(),
    key: queue.key,
    request: first.request,
    stage: 'idle',
    rounds: 0,
    status: 'planning',
    plannedAtMs: nowMs,
    assumed: [],
    askedVersion: 0,
    planned: undefined,
    victims: [],
    reason: 'memory',
    seenVersion: 0,
  }
  hands.state.preparations.set(queue.key, preparation)
  plan(hands, preparation, nowMs)
}

/** Asks the planner, for all who wait by now. */
export function plan<T>(hands: Hands<T>, preparation: Preparation<T>, nowMs: number): void {
  const { state, effects } = hands
  const queue = state.queues.get(preparation.key)
  const first = queue && firstInLine(queue)
  if (queue === undefined || first === undefined) return
  const others = [...queue.waiters.values()].map(({ request }) => request.plan)
  const wanted = coalesced(first.request.plan, others)
  preparation.request = { ...first.request, plan: wanted }
  preparation.victims = []
  preparation.plannedAtMs = nowMs
  preparation.askedVersion = state.version
  const gone = [...state.residents.values()].filter((one) => isTakenForGone(one, preparation.stage))
  preparation.assumed = gone.map(({ id }) => id)
  if (hands.hasPlanner) {
    preparation.status = 'planning'
    effects.plan(preparation.id, first.request.tag, wanted, occupancyFor(state, preparation.stage))
  } else {
    preparation.status = 'planned'
    preparation.planned = { plan: wanted, needs: {} }
  }
}

/** The planner says that it does not fit: it is asked again with more of the others gone, while there are any. */
export function planRefused<T>(
  hands: Hands<T>,
  preparation: Preparation<T>,
  error: Error,
  nowMs: number,
): void {
  const isTight = error instanceof EngineError && error.code === 'does_not_fit'
  const next = isTight ? stageAfter(hands.state, preparation.stage) : undefined
  if (next === undefined) {
    drop(hands, preparation, error)
    return
  }
  preparation.stage = next
  plan(hands, preparation, nowMs)
}

/** Leaves it until the state has changed. */
export function wait<T>({ state }: Hands<T>, preparation: Preparation<T>): void {
  preparation.status = 'waiting'
  preparation.seenVersion = state.version
}

/** Nothing comes of it. Who was to leave for it stays, if it has not gone yet; `error` goes to all it was for. */
export function drop<T>(hands: Hands<T>, preparation: Preparation<T>, error: Error | undefined): void {
  const { state, effects } = hands
  state.preparations.delete(preparation.key)
  state.version += 1
  for (const resident of state.residents.values()) {
    if (resident.leaving?.preparation !== preparation.id || resident.isClosing) continue
    resident.isRetiring = false
    resident.leaving = undefined
  }
  if (error === undefined) return
  const { tag, plan: wanted } = preparation.request
  const code = error instanceof EngineError ? error.code : 'load_failed'
  effects.report({ type: 'load-failed', model: effects.nameOf(tag), code, message: error.message })
  for (const waiter of [...(state.queues.get(preparation.key)?.waiters.values() ?? [])]) {
    if (code !== 'does_not_fit' || !mayFitAllTheSame(waiter.request.plan, wanted))
      refuse(hands, waiter, error)
  }
}

/** A shorter context may fit where this one does not, and so may other layers on the GPU, or another one. */
const mayFitAllTheSame = (plan: LoadPlan, refused: LoadPlan): boolean =>
  (plan.contextLength !== refused.contextLength &&
    (refused.contextLength === 0 || plan.contextLength < refused.contextLength)) ||
  reloadField({ plan: refused, asked: refused, autoContext: undefined }, plan) !== undefined

/** There is room: the load begins. */
export function load<T>(
  { state, effects, limits, nextId }: Hands<T>,
  preparation: Preparation<T>,
  nowMs: number,
): void {
  const { key, request, planned } = preparation
  if (planned === undefined) return
  state.preparations.delete(key)
  if (request.plan.contextLength === 0) rememberContext(state, key, planned.plan.contextLength)
  const resident: Resident<T> = {
    id: nextId(),
    key,
    plan: planned.plan,
    asked: request.plan,
    tag: request.tag,
    users: 0,
    usersByLane: { slot: 0, embedding: 0, touch: 0 },
    isReserved: false,
    keepAliveMs: request.keepAliveMs ?? limits.defaultKeepAliveMs,
    runner: undefined,
    isRetiring: false,
    leaving: undefined,
    isClosing: false,
    idleSinceMs: effects.epochMs(),
    expiresAtMs: undefined,
    needs: planned.needs,
    startedAtMs: nowMs,
    progressAtMs: nowMs,
    readyAtMs: undefined,
    fraction: 0,
    isAbandoned: false,
    uses: 0,
    usedAtMs: nowMs,
  }
  state.residents.set(key, resident)
  state.version += 1
  effects.report({
    type: 'load-started',
    model: effects.nameOf(request.tag),
    predicted: memoryTaken(resident),
  })
  effects.load(resident.id, planned.plan)
}

/** Models whose automatic context is remembered. */
const MOST_CONTEXTS = 256

function rememberContext<T>({ autoContexts }: State<T>, key: string, contextLength: number): void {
  autoContexts.delete(key)
  autoContexts.set(key, contextLength)
  const [oldest] = autoContexts.keys()
  if (autoContexts.size > MOST_CONTEXTS && oldest !== undefined) autoContexts.delete(oldest)
}
