/** Whether there is room for a load, and who has to leave for it otherwise. */

import { sumOf } from '../planning/memory-sum.ts'
import type { MemoryByDevice, Occupancy } from '../planning/types.ts'
import { evictionFor, type Shortage, USES_FADE_MS } from './eviction.ts'
import { shortageOf } from './memory.ts'
import {
  isIdle,
  isPinned,
  isReady,
  memoryTaken,
  type Preparation,
  type Resident,
  type Stage,
  type State,
} from './state.ts'
import type { Limits } from './types.ts'

export type RoomDecision<T> =
  | { type: 'load' }
  | { type: 'evict'; victims: Resident<T>[]; reason: 'memory' | 'limit' }
  /** Somebody else is about to leave or to come. */
  | { type: 'wait' }
  /** Not even when everybody has gone. */
  | { type: 'never' }

/** What the planner is told: at each stage more of those in memory count as gone. */
export function occupancyFor<T>(state: State<T>, stage: Stage): Occupancy {
  const residents = [...state.residents.values()]
  const isLeaving = (resident: Resident<T>) => isTakenForGone(resident, stage)
  const isLoading = (resident: Resident<T>) => !isReady(resident) && !resident.isRetiring
  const sum = (some: Resident<T>[]) => sumOf(some.map(memoryTaken))
  const settled = residents.filter((resident) => !isLoading(resident) || isLeaving(resident))
  return {
    staying: sum(settled.filter((resident) => !isLeaving(resident))),
    loading: sum(residents.filter((resident) => isLoading(resident) && !isLeaving(resident))),
    leaving: sum(settled.filter(isLeaving)),
  }
}

/** Who the planner takes for gone at this stage. */
export const isTakenForGone = <T>(resident: Resident<T>, stage: Stage): boolean =>
  resident.isRetiring || maySend(resident, stage)

/** The next stage at which there is anybody more to take for gone; undefined when all have been. */
export function stageAfter<T>(state: State<T>, stage: Stage): Stage | undefined {
  const order: Stage[] = ['idle', 'pinned', 'all']
  const count = (at: Stage) =>
    [...state.residents.values()].filter((resident) => maySend(resident, at)).length
  return order.slice(order.indexOf(stage) + 1).find((later) => count(later) > count(stage))
}

function maySend<T>(resident: Resident<T>, stage: Stage): boolean {
  if (stage === 'all') return true
  return isIdle(resident) && (stage === 'pinned' || !isPinned(resident))
}

/** What a planned load needs to begin, as the state is now. */
export function roomFor<T>(
  state: State<T>,
  preparation: Preparation<T>,
  { maxLoadedModels }: Pick<Limits, 'maxLoadedModels'>,
  nowMs: number,
): RoomDecision<T> {
  const residents = [...state.residents.values()]
  const leaving = residents.filter((resident) => resident.isRetiring)
  const older = olderThan(state, preparation)
  const needs = preparation.planned?.needs ?? {}
  const room = preparation.planned?.room ?? roomUnknown(residents, preparation)
  const promised = sumOf(older.map(({ planned }) => planned?.needs ?? {}))
  const present = residents.length + 1 - maxLoadedModels
  // Two times count: now, and when all who leave have left and all who were promised room have come.
  const later: Shortage = {
    memory: shortageOf(sumOf([needs, promised]), sumOf([room, ...leaving.map(memoryTaken)]), needs),
    models: Math.max(0, present - leaving.length + older.length),
  }
  const isEnoughLater = later.models === 0 && isNone(later.memory)
  if (isEnoughLater && present <= 0 && isNone(shortageOf(needs, room, needs))) return { type: 'load' }
  if (isEnoughLater) return { type: 'wait' }
  const victims = evictionFor(later, candidatesOf(state, residents, nowMs))
  if (victims !== undefined) {
    const gone = victims.map(({ resident }) => resident)
    return { type: 'evict', victims: gone, reason: later.models > 0 ? 'limit' : 'memory' }
  }
  const isMoving = leaving.length > 0 || older.length > 0 || residents.some((resident) => !isReady(resident))
  return { type: isMoving ? 'wait' : 'never' }
}

const isNone = (shortage: MemoryByDevice): boolean => Object.keys(shortage).length === 0

function olderThan<T>({ preparations }: State<T>, { id }: Preparation<T>): Preparation<T>[] {
  return [...preparations.values()].filter((other) => other.id < id)
}

/** Where the planner gave no figures, there is none for this load on what those hold that it took for gone. */
function roomUnknown<T>(residents: Resident<T>[], { planned, assumed }: Preparation<T>): MemoryByDevice {
  const needs = planned?.needs ?? {}
  const held = sumOf(residents.filter(({ id }) => assumed.includes(id)).map(memoryTaken))
  return Object.fromEntries(
    Object.entries(needs).map(([device, bytes]) => [device, bytes - (held[device] ?? 0)]),
  )
}

function candidatesOf<T>(state: State<T>, residents: Resident<T>[], nowMs: number) {
  const able = residents.filter((resident) => isReady(resident) && !resident.isRetiring)
  return able.map((resident) => ({
    resident,
    key: resident.key,
    isBusy: resident.users > 0 || state.queues.has(resident.key),
    keepAliveMs: resident.keepAliveMs,
    remainingMs: (resident.expiresAtMs ?? nowMs + resident.keepAliveMs) - nowMs,
    loadMs: (resident.readyAtMs ?? nowMs) - resident.startedAtMs,
    recentUses: fadedUses(resident, nowMs),
    memory: memoryTaken(resident),
  }))
}

/** How often it was used lately. */
export const fadedUses = <T>({ uses, usedAtMs }: Resident<T>, nowMs: number): number =>
  uses * Math.exp(-(nowMs - usedAtMs) / USES_FADE_MS)
