/** Carries out what the policy decided: changes the state, then tells the world. */
import type { EngineError } from '../errors.ts'
import type { Decision } from './decide.ts'
import { serve } from './fairness.ts'
import { failWaiters, type Hands, refuse } from './hands.ts'
import { drop, load, plan, prepare, wait } from './preparing.ts'
import { fadedUses } from './room.ts'
import { isReady, type Resident, type Waiter } from './state.ts'
import { takeFromQueue } from './waiters.ts'

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
