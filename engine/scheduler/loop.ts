/**
 * Sole owner of what is in memory and who waits for it. Events come in one at a time and are never awaited: each is
 * taken in, then the policy is asked what is to be done, and that is done, until nothing more is.
 */
import type { BackOff } from './back-off.ts'
import { carryOut } from './carry-out.ts'
import { decide, wakesAtMs } from './decide.ts'
import type { Effects, SchedulerEvent } from './effects.ts'
import type { Hands } from './hands.ts'
import { createQueueReports } from './queue-reports.ts'
import { newState, type State } from './state.ts'
import { takeIn } from './take-in.ts'
import type { Limits } from './types.ts'

export interface Loop<T> {
  send(event: SchedulerEvent<T>): void
  /** To look at, never to change. */
  readonly state: State<T>
}

export interface LoopParts<T> {
  limits: Limits
  effects: Effects<T>
  backOff: BackOff
  hasPlanner: boolean
}

/** A timer that comes later than this tells of a machine that slept: nobody stood still for so long. */
const SLEPT_MS = 30_000

/** Far more than one event can give reason to: each request is served or refused once, each model moved a few times. */
const MOST_DECISIONS = 1_000_000

/** A loop with nothing in memory. */
export function createLoop<T>({ limits, effects, backOff, hasPlanner }: LoopParts<T>): Loop<T> {
  const state = newState<T>(backOff)
  let lastId = 0
  const hands: Hands<T> = { state, limits, effects, hasPlanner, nextId: () => ++lastId }
  const inbox: SchedulerEvent<T>[] = []
  const tellQueues = createQueueReports(state, effects)
  let isAtWork = false
  let nowMs = effects.nowMs()
  let wakeAtMs = Number.POSITIVE_INFINITY

  /** One event and all that follows from it. What it causes at once waits its turn. */
  function send(event: SchedulerEvent<T>): void {
    inbox.push(event)
    if (isAtWork) return
    isAtWork = true
    try {
      for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) handle(next)
    } finally {
      isAtWork = false
    }
  }

  function handle(event: SchedulerEvent<T>): void {
    nowMs = Math.max(nowMs, effects.nowMs())
    if (nowMs > wakeAtMs + SLEPT_MS) forgive(nowMs - wakeAtMs)
    try {
      takeIn(hands, event, nowMs)
      work()
    } catch (error) {
      // A fault of ours in one event must not cost the others.
      effects.log.warn({ err: error, event: event.type }, 'the scheduler failed to handle an event')
    }
    if (event.type === 'request') tellPlace(event.waiterId, event.request)
    tellQueues()
    wakeAtMs = state.isClosed ? Number.POSITIVE_INFINITY : wakesAtMs(state, limits, nowMs)
    effects.wakeAt(wakeAtMs, state.waiting > 0)
  }

  function work(): void {
    if (state.isClosed) return
    for (let count = 0; count < MOST_DECISIONS; count++) {
      const next = decide(state, limits, nowMs)
      if (next === undefined) return
      carryOut(hands, next, nowMs)
    }
    throw new Error('the policy finds no end')
  }

  /** Deadlines that ran while nothing could. */
  function forgive(lateMs: number): void {
    for (const resident of state.residents.values()) resident.progressAtMs += lateMs
    for (const preparation of state.preparations.values()) preparation.plannedAtMs += lateMs
    for (const queue of state.queues.values()) queue.movedAtMs = nowMs
  }

  function tellPlace(
    waiterId: number,
    { plan: _, onQueued }: { plan: unknown; onQueued?: (n: number) => void },
  ) {
    if (onQueued === undefined) return
    for (const queue of state.queues.values()) if (queue.waiters.has(waiterId)) onQueued(queue.waiters.size)
  }

  return { send, state }
}
