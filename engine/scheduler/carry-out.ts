/** Carries out what the policy decided: changes the state, then tells the world. */
import { EngineError } from '../errors.ts'
import type { Decision } from './decide.ts'
import type { Effects } from './effects.ts'
import { serve } from './fairness.ts'
import { firstInLine } from './line.ts'
import { coalesced } from './reload.ts'
import { fadedUses, isTakenForGone, occupancyFor, stageAfter } from './room.ts'
import {
  isReady,
  memoryTaken,
  type Preparation,
  type Queue,
  type Resident,
  type State,
  type Waiter,
} from './state.ts'
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

/** Does what was decided. */
export function carryOut<T>(hands: Hands<T>, decision: Decision<T>, nowMs: number): void {
  switch (decision.type) {
    case 'grant':
      grant(hands, decision.waiter, decision.resident, nowMs)
      break
    case 'refuse':
      for (const waiter of decision.waiters) refuse(hands, waiter, decision.error)
      break
    case 'retire':
      retire(hands, decision.resident, decision.leaving)
      break
    case 'close':
      close(hands, decision.resident)
      break
    case 'give-up-load':
      giveUpLoad(hands, decision.resident, decision.error)
      break
    case 'prepare':
      prepare(hands, decision.queue, nowMs)
      break
    case 'plan':
      decision.preparation.stage = 'idle'
      plan(hands, decision.preparation, nowMs)
      break
    case 'load':
      load(hands, decision.preparation, nowMs)
      break
    case 'send-away':
      decision.preparation.victims = decision.victims.map(({ id }) => id)
      decision.preparation.reason = decision.reason
      decision.preparation.rounds += 1
      wait(hands, decision.preparation)
      break
    case 'wait':
      decision.preparation.victims = []
      wait(hands, decision.preparation)
      break
    case 'drop':
      drop(hands, decision.preparation, decision.error)
      break
  }
}

function grant<T>(
  { state, effects, nextId }: Hands<T>,
  waiter: Waiter<T>,
  resident: Resident<T>,
  nowMs: number,
): void {
  if (!isReady(resident)) return
  const { request, lane } = waiter
  takeFromQueue(state, waiter, nowMs)
  serve(state.fair, waiter.charge)
  const leaseId = nextId()
  const isReserving = request.isAlone === true
  state.holders.set(leaseId, { residentId: resident.id, key: resident.key, isReserving, waiter })
  resident.isReserved ||= isReserving
  resident.users += 1
  resident.usersByLane[lane] += 1
  resident.uses = fadedUses(resident, nowMs) + 1
  resident.usedAtMs = nowMs
  resident.expiresAtMs = undefined
  resident.tag = request.tag
  if (request.keepAliveMs !== undefined) resident.keepAliveMs = request.keepAliveMs
  effects.grant(waiter, leaseId, resident.runner)
}

/** Answers somebody who waits with an error. */
export function refuse<T>({ state, effects }: Hands<T>, waiter: Waiter<T>, error: Error): void {
  takeFromQueue(state, waiter)
  forgetClient(state, waiter, 0)
  effects.refuse(waiter, error)
}

/** It takes nobody any more, and is closed as soon as it is idle. */
export function retire<T>(
  { effects }: Hands<T>,
  resident: Resident<T>,
  leaving: NonNullable<Resident<T>['leaving']>,
): void {
  if (resident.isRetiring) return
  resident.isRetiring = true
  resident.leaving = leaving
  const { key: weights, plan: loadedAs } = resident
  if (leaving.reason === 'reload')
    effects.log.info({ weights, field: leaving.field, loadedAs }, 'model needs a reload')
}

function close<T>({ state, effects }: Hands<T>, resident: Resident<T>): void {
  resident.isClosing = true
  resident.expiresAtMs = undefined
  state.version += 1
  effects.log.info({ weights: resident.key, ...resident.leaving }, 'model unloaded')
  if (resident.runner !== undefined) effects.close(resident.runner)
}

function giveUpLoad<T>(hands: Hands<T>, resident: Resident<T>, error: EngineError | undefined): void {
  resident.isAbandoned = true
  resident.isRetiring = true
  hands.state.version += 1
  hands.effects.stopLoad(resident.id)
  if (error !== undefined) failWaiters(hands, resident, error)
}

/** Everybody who waited for this load gets its error: trying again for each would only repeat it. */
export function failWaiters<T>(hands: Hands<T>, { key, tag }: Resident<T>, error: Error): void {
  const { effects, state } = hands
  const code = error instanceof EngineError ? error.code : 'load_failed'
  effects.report({ type: 'load-failed', model: effects.nameOf(tag), code, message: error.message })
  for (const waiter of [...(state.queues.get(key)?.waiters.values() ?? [])]) refuse(hands, waiter, error)
}

function prepare<T>(hands: Hands<T>, queue: Queue<T>, nowMs: number): void {
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

function wait<T>({ state }: Hands<T>, preparation: Preparation<T>): void {
  preparation.status = 'waiting'
  preparation.seenVersion = state.version
}

/** Nothing comes of it. Who was to leave for it stays, if it has not gone yet; `error` goes to all it was for. */
function drop<T>(hands: Hands<T>, preparation: Preparation<T>, error: Error | undefined): void {
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
    // A shorter context may fit all the same.
    const isSmaller = waiter.request.plan.contextLength < wanted.contextLength
    if (code !== 'does_not_fit' || !isSmaller) refuse(hands, waiter, error)
  }
}

function load<T>(
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
