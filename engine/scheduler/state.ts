/** What the scheduler knows. The loop alone changes it; the policy only reads it. Times are of one monotonic clock. */
import type { EvictionReason } from '../activity.ts'
import type { LoadPlan, Runner } from '../backend.ts'
import { memoryByDevice } from '../memory-by-device.ts'
import type { MemoryByDevice, PlannedLoad } from '../planning/types.ts'
import type { BackOff } from './back-off.ts'
import { type Charge, type FairClock, newFairClock } from './fairness.ts'
import { newRate, type Rate } from './rate.ts'
import type { AcquireRequest, Lane, ResidentView } from './types.ts'

/** A request without a runner. */
export interface Waiter<T> {
  id: number
  key: string
  request: AcquireRequest<T>
  lane: Lane
  client: string
  charge: Charge
  atMs: number
}

/** A request with a runner. */
export interface Holder<T> {
  residentId: number
  key: string
  isReserving: boolean
  waiter: Waiter<T>
}

/** Who waits for one model, in order of arrival. */
export interface Queue<T> {
  key: string
  waiters: Map<number, Waiter<T>>
  /** Of them, those who do not want a slot. */
  slotless: number
  /** When somebody was last served, or a load got further. */
  movedAtMs: number
}

export interface Resident<T> extends ResidentView<T> {
  id: number
  key: string
  plan: LoadPlan
  /** What was asked for before it was planned. */
  asked: LoadPlan
  tag: T
  users: number
  usersByLane: Record<Lane, number>
  /** One of them wants to be the only one. */
  isReserved: boolean
  keepAliveMs: number
  runner: Runner | undefined
  isRetiring: boolean
  /** Why, and for which preparation, if it was for one. */
  leaving: { reason: EvictionReason; field?: string; preparation?: number } | undefined
  /** It was told to go, or dies: it leaves by itself. */
  isClosing: boolean
  idleSinceMs: number
  /** When its keep-alive ends; undefined while it is used, loads or stays for ever. */
  expiresAtMs: number | undefined
  /** As the planner expects. */
  needs: MemoryByDevice
  startedAtMs: number
  progressAtMs: number
  readyAtMs: number | undefined
  fraction: number
  /** Its load was given up: nobody waits for it any more. */
  isAbandoned: boolean
  /** Uses, each fading with time, as of `usedAtMs`. */
  uses: number
  usedAtMs: number
}

/** How far the planner is asked to go: which models it may take for gone. */
export type Stage = 'idle' | 'pinned' | 'all'

/** A load that is being made possible. */
export interface Preparation<T> {
  id: number
  key: string
  request: AcquireRequest<T>
  stage: Stage
  /** How often somebody was sent away for it. */
  rounds: number
  /** `planning`: the planner is at it. `planned`: to be decided now. `waiting`: somebody has to leave first. */
  status: 'planning' | 'planned' | 'waiting'
  plannedAtMs: number
  /** What the planner took for gone, by id, and the state it was asked on. */
  assumed: number[]
  askedVersion: number
  planned: PlannedLoad | undefined
  /** Residents that leave for it, by id. */
  victims: number[]
  /** Why they leave. */
  reason: 'memory' | 'limit'
  /** The state it was last decided on; nothing has changed since while it is the present one. */
  seenVersion: number
}

export interface State<T> {
  residents: Map<string, Resident<T>>
  queues: Map<string, Queue<T>>
  /** In the order they began. */
  preparations: Map<string, Preparation<T>>
  /** By the number of their leases. */
  holders: Map<number, Holder<T>>
  fair: FairClock
  backOff: BackOff
  /** Requests that have ended lately. */
  rate: Rate
  /** Contexts that the planner chose, by model; those learned longest ago are forgotten. */
  autoContexts: Map<string, number>
  /** Requests of each client, waiting or at work. */
  clients: Map<string, number>
  waiting: number
  /** Grows when a resident or a preparation comes, goes or becomes something else. */
  version: number
  isClosed: boolean
}

export const newState = <T>(backOff: BackOff): State<T> => ({
  residents: new Map(),
  queues: new Map(),
  preparations: new Map(),
  holders: new Map(),
  fair: newFairClock(),
  rate: newRate(),
  backOff,
  autoContexts: new Map(),
  clients: new Map(),
  waiting: 0,
  version: 0,
  isClosed: false,
})

export const isReady = <T>(resident: Resident<T>): resident is Resident<T> & { runner: Runner } =>
  resident.runner !== undefined

export const isIdle = <T>(resident: Resident<T>): boolean => resident.users === 0 && isReady(resident)

export const isPinned = <T>(resident: Resident<T>): boolean =>
  resident.keepAliveMs === Number.POSITIVE_INFINITY

/** What it takes: as the runner says once it is loaded, before that as was expected. */
export function memoryTaken<T>({ runner, needs }: Resident<T>): MemoryByDevice {
  return runner === undefined ? needs : memoryByDevice(runner.info.buffers)
}

/** Requests that may be at work in each lane of a runner at the same time. */
export function laneRoom<T>(resident: Resident<T> & { runner: Runner }, lane: Lane): number {
  if (lane === 'touch') return Number.POSITIVE_INFINITY
  return lane === 'embedding' ? MOST_EMBEDDING : Math.max(1, resident.runner.info.slots)
}

/** Requests that embed share decode steps, so more of them fill a step better; this many fill any. */
const MOST_EMBEDDING = 64
