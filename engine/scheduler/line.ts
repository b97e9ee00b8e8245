/** Who of those who wait for one model is next. */
import type { Runner } from '../backend.ts'
import type { LoadOptions } from '../model-options.ts'
import { reloadField } from './reload.ts'
import { laneRoom, type Queue, type Resident, type State, type Waiter } from './state.ts'
import type { Lane } from './types.ts'

/** A resident that has just come stays at least as long as its load took, so that loads are no more than half the work. */
const LONGEST_TURN_MS = 60_000

type Ready<T> = Resident<T> & { runner: Runner }

export type Next<T> =
  | { type: 'grant'; waiter: Waiter<T> }
  /** The first in line cannot use what is there. */
  | { type: 'reload'; field: keyof LoadOptions }

/** Until when others who want its place have to wait while somebody still wants the resident. */
export function turnEndsAtMs<T>({ startedAtMs, readyAtMs = startedAtMs }: Resident<T>): number {
  return readyAtMs + Math.min(readyAtMs - startedAtMs, LONGEST_TURN_MS)
}

/** What about the request needs another runner than this one. */
export function misfitOf<T>(
  state: State<T>,
  resident: Resident<T>,
  waiter: Waiter<T>,
): keyof LoadOptions | undefined {
  const { plan, asked, key } = resident
  return reloadField({ plan, asked, autoContext: state.autoContexts.get(key) }, waiter.request.plan)
}

/** What the line gives at this moment; undefined when nobody can be served. */
export function nextInLine<T>(
  state: State<T>,
  queue: Queue<T>,
  resident: Ready<T>,
  nowMs: number,
): Next<T> | undefined {
  if (resident.isReserved || queue.waiters.size === 0) return undefined
  const isOpen = openLanes(resident)
  // With long lines and all slots taken, which is when this is asked most often, nobody is looked at.
  if (!isOpen.slot && queue.slotless === 0) return undefined
  const { first, fitting, servable } = survey(state, queue, resident, isOpen)
  const field = first && misfitOf(state, resident, first)
  // Those it was loaded for come first for a while; and whoever fits may use what is there until it goes.
  if (field !== undefined && !(fitting !== undefined && nowMs < turnEndsAtMs(resident)))
    return { type: 'reload', field }
  // Letting others pass would keep the one who has to be alone there for ever.
  if (fitting?.request.isAlone === true && resident.users > 0) return undefined
  return servable === undefined ? undefined : { type: 'grant', waiter: servable }
}

function openLanes<T>(resident: Ready<T>): Record<Lane, boolean> {
  const isOpen = (lane: Lane) => resident.usersByLane[lane] < laneRoom(resident, lane)
  return { slot: isOpen('slot'), embedding: isOpen('embedding'), touch: true }
}

interface Survey<T> {
  /** Of all. */
  first: Waiter<T> | undefined
  /** Of those who can use the resident. */
  fitting: Waiter<T> | undefined
  /** Of those among them for whom there is room now. */
  servable: Waiter<T> | undefined
}

function survey<T>(
  state: State<T>,
  { waiters }: Queue<T>,
  resident: Resident<T>,
  isOpen: Record<Lane, boolean>,
): Survey<T> {
  const found: Survey<T> = { first: undefined, fitting: undefined, servable: undefined }
  for (const waiter of waiters.values()) {
    found.first = sooner(waiter, found.first)
    if (misfitOf(state, resident, waiter) !== undefined) continue
    found.fitting = sooner(waiter, found.fitting)
    const canCome = isOpen[waiter.lane] && !(waiter.request.isAlone === true && resident.users > 0)
    if (canCome) found.servable = sooner(waiter, found.servable)
  }
  return found
}

/** Of equals the one who came first. */
function sooner<T>(a: Waiter<T>, b: Waiter<T> | undefined): Waiter<T> {
  return b === undefined || a.charge.start < b.charge.start ? a : b
}

/** The one who has waited longest by rights; the load is for it. */
export function firstInLine<T>({ waiters }: Queue<T>): Waiter<T> | undefined {
  let first: Waiter<T> | undefined
  for (const waiter of waiters.values()) first = sooner(waiter, first)
  return first
}
