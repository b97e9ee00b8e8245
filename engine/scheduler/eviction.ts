/** Who leaves so that another model may come. */

import { sumOf } from '../planning/memory-sum.ts'
import type { MemoryByDevice } from '../planning/types.ts'
import { covers } from './memory.ts'

/** What the choice depends on. Times are milliseconds. */
export interface Candidate {
  key: string
  isBusy: boolean
  /** How long it stays after its last request; Infinity for ever. */
  keepAliveMs: number
  /** Until it leaves by itself. */
  remainingMs: number
  loadMs: number
  /** Uses within the last ten minutes or so, older ones counted less. */
  recentUses: number
  memory: MemoryByDevice
}

/** What has to leave: bytes on each device, and models. */
export interface Shortage {
  memory: MemoryByDevice
  models: number
}

/** Over this time uses fade to a third; see `recentUses`. */
export const USES_FADE_MS = 600_000

/** Loads that are faster than this are alike: what differs between them is chance. */
const LEAST_RELOAD_MS = 1_000

/** Among so many every set is tried; of more, the cheapest by what each frees. */
const MOST_TRIED = 12

/**
 * The cheapest set that makes good the shortage; undefined when even all together do not. In this order: as few busy
 * ones as can be, as few that were to stay for ever, the least reload time that is likely to be spent because of it.
 */
export function evictionFor<C extends Candidate>(
  shortage: Shortage,
  candidates: readonly C[],
): C[] | undefined {
  const able = candidates.filter((one) => shortage.models > 0 || freed(one, shortage) > 0)
  const ranked = able.toSorted((a, b) => byDensity(a, b, shortage))
  const greedy = greedySet(shortage, ranked)
  if (greedy === undefined || ranked.length > MOST_TRIED) return greedy
  return bestSet(shortage, ranked, greedy)
}

/** Expected milliseconds of loading it again. */
export function costOf({ loadMs, recentUses, remainingMs }: Candidate): number {
  const usesPerMs = recentUses / USES_FADE_MS
  const likelihood = 1 - Math.exp(-usesPerMs * Math.min(remainingMs, USES_FADE_MS))
  return Math.max(loadMs, LEAST_RELOAD_MS) * likelihood
}

const isMakingRoom = (set: readonly Candidate[], { memory, models }: Shortage): boolean =>
  set.length >= models && covers(sumOf(set.map((one) => one.memory)), memory)

const isPinned = ({ keepAliveMs }: Candidate): boolean => keepAliveMs === Number.POSITIVE_INFINITY

function freed({ memory }: Candidate, shortage: Shortage): number {
  const devices = Object.entries(shortage.memory)
  return devices.reduce((sum, [device, short]) => sum + Math.min(short, memory[device] ?? 0), 0)
}

/** Idle before busy, passing before staying, then the least cost for each byte that helps; at last by keep-alive and path. */
function byDensity(a: Candidate, b: Candidate, shortage: Shortage): number {
  const density = (one: Candidate) => costOf(one) / Math.max(1, freed(one, shortage))
  return (
    Number(a.isBusy) - Number(b.isBusy) ||
    Number(isPinned(a)) - Number(isPinned(b)) ||
    compare(density(a), density(b)) ||
    compare(a.keepAliveMs, b.keepAliveMs) ||
    compare(a.key, b.key)
  )
}

/** Not a subtraction: Infinity minus Infinity is no order. */
const compare = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

/** The first ones until there is room, without those that turn out not to be needed. */
function greedySet<C extends Candidate>(shortage: Shortage, ranked: readonly C[]): C[] | undefined {
  const count = ranked.findIndex((_, at) => isMakingRoom(ranked.slice(0, at + 1), shortage)) + 1
  if (isMakingRoom([], shortage)) return []
  if (count === 0) return undefined
  let set = ranked.slice(0, count)
  for (const one of set.toReversed()) {
    const rest = set.filter((other) => other !== one)
    if (isMakingRoom(rest, shortage)) set = rest
  }
  return set
}

/** Tries every set; ranks decide between equals, so what is ranked first leaves first. */
function bestSet<C extends Candidate>(shortage: Shortage, ranked: readonly C[], greedy: C[]): C[] {
  let best = greedy
  for (let bits = 1; bits < 2 ** ranked.length; bits++) {
    const set = ranked.filter((_, at) => (bits >> at) % 2 === 1)
    if (isMakingRoom(set, shortage) && bySet(set, best) < 0) best = set
  }
  return best
}

function bySet(a: readonly Candidate[], b: readonly Candidate[]): number {
  const count = (set: readonly Candidate[], is: (one: Candidate) => boolean) => set.filter(is).length
  const cost = (set: readonly Candidate[]) => set.reduce((sum, one) => sum + costOf(one), 0)
  return (
    count(a, (one) => one.isBusy) - count(b, (one) => one.isBusy) ||
    count(a, isPinned) - count(b, isPinned) ||
    compare(cost(a), cost(b))
  )
}
