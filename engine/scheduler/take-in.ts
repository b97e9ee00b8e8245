/** Takes in what has happened: events change the state, and what follows from that is left to the policy. */
import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { memoryByDevice } from '../memory-by-device.ts'
import type { PlannedLoad } from '../planning/types.ts'
import { refusalOf, shuttingDown } from './admission.ts'
import { retire } from './carry-out.ts'
import type { Effects, SchedulerEvent } from './effects.ts'
import { settle } from './fairness.ts'
import { failWaiters, type Hands, refuse } from './hands.ts'
import { plan, planRefused } from './preparing.ts'
import { countEnded, retryAfterS } from './rate.ts'
import { type Holder, isReady, type Preparation, type Resident, type State } from './state.ts'
import type { AcquireRequest, Pulse } from './types.ts'
import { forgetClient, newWaiter, putIntoQueue } from './waiters.ts'

type EventOf<T, K extends SchedulerEvent<T>['type']> = Extract<SchedulerEvent<T>, { type: K }>

/** Changes the state as the event says. */
export function takeIn<T>(hands: Hands<T>, event: SchedulerEvent<T>, nowMs: number): void {
  const { state } = hands
  switch (event.type) {
    case 'request':
      request(hands, event.waiterId, event.request, nowMs)
      break
    case 'cancel':
      cancel(hands, event)
      break
    case 'release':
      release(hands, event, nowMs)
      break
    case 'share':
      endReservation(state, state.holders.get(event.leaseId))
      break
    case 'condemn':
      condemn(state, state.holders.get(event.leaseId))
      break
    case 'planned':
    case 'plan-failed':
      planned(hands, event, nowMs)
      break
    case 'progress':
      progress(hands, event, nowMs)
      break
    case 'loaded':
      loaded(hands, event, nowMs)
      break
    case 'load-failed':
    case 'gone':
      gone(hands, event, nowMs)
      break
    case 'unload':
      unload(hands, event.key)
      break
    case 'pulse':
      event.answer(pulseOf(state))
      break
    case 'tick':
      break
    case 'close':
      close(hands)
  }
}

function request<T>(hands: Hands<T>, waiterId: number, asked: AcquireRequest<T>, nowMs: number): void {
  const { state, limits, effects } = hands
  const waiter = newWaiter(state, waiterId, asked, nowMs)
  const refusal = refusalOf(state, waiter, limits, retryAfterS(state.rate, state.waiting, nowMs))
  if (refusal === undefined) {
    putIntoQueue(state, waiter)
    return
  }
  settle(state.fair, waiter.charge)
  effects.refuse(waiter, refusal)
}

function cancel<T>(hands: Hands<T>, { waiterId, key }: EventOf<T, 'cancel'>): void {
  const waiter = hands.state.queues.get(key)?.waiters.get(waiterId)
  if (waiter !== undefined) refuse(hands, waiter, new EngineError('cancelled', 'request canceled'))
}

function release<T>({ state, effects }: Hands<T>, event: EventOf<T, 'release'>, nowMs: number): void {
  const holder = state.holders.get(event.leaseId)
  if (holder === undefined) return
  endReservation(state, holder)
  state.holders.delete(event.leaseId)
  forgetClient(state, holder.waiter, event.tokens)
  countEnded(state.rate, nowMs)
  const resident = residentOf(state, holder)
  if (resident === undefined) return
  resident.users -= 1
  resident.usersByLane[holder.waiter.lane] -= 1
  if (resident.users === 0) becomeIdle(resident, effects.epochMs(), nowMs)
}

/** Undefined when the process of its runner has gone: that one is nobody's any more. */
function residentOf<T>({ residents }: State<T>, { key, residentId }: Holder<T>): Resident<T> | undefined {
  const resident = residents.get(key)
  return resident?.id === residentId ? resident : undefined
}

function becomeIdle<T>(resident: Resident<T>, epochMs: number, nowMs: number): void {
  resident.idleSinceMs = epochMs
  resident.expiresAtMs = nowMs + resident.keepAliveMs
}

function endReservation<T>(state: State<T>, holder: Holder<T> | undefined): void {
  if (holder?.isReserving !== true) return
  holder.isReserving = false
  const resident = residentOf(state, holder)
  if (resident !== undefined) resident.isReserved = false
}

function condemn<T>(state: State<T>, holder: Holder<T> | undefined): void {
  const resident = holder && residentOf(state, holder)
  if (resident === undefined) return
  resident.isRetiring = true
  // It ends by itself.
  resident.isClosing = true
  state.version += 1
}

function planned<T>(
  hands: Hands<T>,
  event: EventOf<T, 'planned'> | EventOf<T, 'plan-failed'>,
  nowMs: number,
): void {
  const preparation = [...hands.state.preparations.values()].find(({ id }) => id === event.preparationId)
  // It may have been dropped meanwhile, or have been answered twice.
  if (preparation?.status !== 'planning') return
  if (event.type === 'plan-failed') planRefused(hands, preparation, event.error, nowMs)
  // Who has gone since may have been counted twice, as free and as leaving; with figures for now that would show.
  else if (event.planned.room === undefined && preparation.askedVersion !== hands.state.version)
    plan(hands, preparation, nowMs)
  else becomePlanned(preparation, event.planned)
}

function becomePlanned<T>(preparation: Preparation<T>, made: PlannedLoad): void {
  preparation.planned = made
  preparation.status = 'planned'
}

const byId = <T>({ residents }: State<T>, id: number): Resident<T> | undefined =>
  [...residents.values()].find((resident) => resident.id === id)

function progress<T>({ state, effects }: Hands<T>, event: EventOf<T, 'progress'>, nowMs: number): void {
  const resident = byId(state, event.residentId)
  if (resident === undefined || isReady(resident)) return
  resident.progressAtMs = nowMs
  resident.fraction = event.fraction
  const queue = state.queues.get(resident.key)
  if (queue !== undefined) queue.movedAtMs = nowMs
  effects.report({ type: 'load-progress', model: effects.nameOf(resident.tag), fraction: event.fraction })
}

function loaded<T>({ state, effects }: Hands<T>, event: EventOf<T, 'loaded'>, nowMs: number): void {
  const resident = byId(state, event.residentId)
  if (resident === undefined) return
  const { runner } = event
  resident.runner = runner
  resident.readyAtMs = nowMs
  keepToActualContext(state, resident, runner)
  resident.isRetiring = resident.isAbandoned
  becomeIdle(resident, effects.epochMs(), nowMs)
  state.version += 1
  const loadMs = Math.round(nowMs - resident.startedAtMs)
  effects.log.info({ weights: resident.key, ms: loadMs, ...runner.info }, 'model loaded')
  const actual = memoryByDevice(runner.info.buffers)
  effects.report({ type: 'loaded', model: effects.nameOf(resident.tag), loadMs, actual })
}

/** A load that found less memory than was promised may have got a shorter context than was planned. */
function keepToActualContext<T>(state: State<T>, resident: Resident<T>, { info }: Runner): void {
  if (info.contextLength >= resident.plan.contextLength) return
  resident.plan = { ...resident.plan, contextLength: info.contextLength }
  if (resident.asked.contextLength === 0) state.autoContexts.set(resident.key, info.contextLength)
}

function reportEviction<T>(
  { report, nameOf }: Effects<T>,
  { tag, leaving }: Resident<T>,
  error: Error | undefined,
) {
  const { reason = 'asked', field } = error === undefined ? (leaving ?? {}) : { reason: 'died' as const }
  report({ type: 'evicted', model: nameOf(tag), reason, ...(field === undefined ? {} : { field }) })
}

/** A load has failed, or a runner has ended: what it took is free. */
function gone<T>(
  hands: Hands<T>,
  event: EventOf<T, 'load-failed'> | EventOf<T, 'gone'>,
  nowMs: number,
): void {
  const { state, effects } = hands
  const resident = byId(state, event.residentId)
  if (resident === undefined) return
  state.residents.delete(resident.key)
  state.version += 1
  // A load that was given up because everybody had left says nothing to those who came since.
  if (event.type === 'load-failed') {
    if (!resident.isAbandoned) failWaiters(hands, resident, event.error)
    return
  }
  if (!state.isClosed) reportEviction(effects, resident, event.error)
  if (event.error === undefined) return
  effects.log.warn({ err: event.error, weights: resident.key }, 'model runner is gone')
  state.backOff.died(resident.key, nowMs - (resident.readyAtMs ?? nowMs), nowMs)
}

/** Those who wait for it are served before it goes: loading it anew for them would free nothing. */
function unload<T>(hands: Hands<T>, key: string): void {
  const resident = hands.state.residents.get(key)
  const queue = hands.state.queues.get(key)
  if (resident !== undefined && queue === undefined && isReady(resident))
    retire(hands, resident, { reason: 'asked' })
  if (queue === undefined) return
  if (resident !== undefined) resident.keepAliveMs = 0
  for (const waiter of queue.waiters.values()) waiter.request = { ...waiter.request, keepAliveMs: 0 }
}

function close<T>(hands: Hands<T>): void {
  const { state, effects } = hands
  state.isClosed = true
  const waiters = [...state.queues.values()].flatMap((queue) => [...queue.waiters.values()])
  for (const waiter of waiters) refuse(hands, waiter, shuttingDown())
  for (const resident of state.residents.values()) {
    if (isReady(resident) || resident.isAbandoned) continue
    resident.isAbandoned = true
    resident.isRetiring = true
    effects.stopLoad(resident.id)
  }
}

function pulseOf<T>({ waiting, residents }: State<T>): Pulse {
  const loaded = [...residents.values()].filter(isReady).length
  return { loaded, loading: residents.size - loaded, waiting }
}
