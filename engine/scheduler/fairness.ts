/**
 * Start-time fair queueing (Goyal, Vin and Cheng, 1996) over tokens: a flow that has taken much comes after one that
 * has taken little. Virtual time also creeps on with whatever is served, so who goes before whom is settled on arrival,
 * and clients that are always new cannot keep a waiting one back without end. Seconds play no part: on a slow machine
 * they would put whoever came first first, and one with many requests would get most.
 */
import type { Priority } from '../types.ts'

/**
 * What share of served tokens virtual time goes on by at least. Among so many flows that always want something it goes
 * on as fast by itself, so fewer of them do not feel it.
 */
const CREEP = 1 / 64

/** Of the same tokens, a batch job is charged this many times what a person is. */
const WEIGHT: Record<Priority, number> = { interactive: 8, batch: 1 }

/** Flows remembered in one busy spell; those charged longest ago are forgotten. */
const MOST_FLOWS = 4_096

/** What has been handed out, in weighted tokens. */
export interface FairClock {
  /** The start of the furthest request that was served. */
  virtualTime: number
  /** Where each flow's next request starts at the earliest, the flow charged last at the end. */
  finish: Map<string, number>
}

/** Who is charged, and how much. */
export interface Charge {
  flow: string
  /** Weighted tokens. */
  amount: number
  /** Smaller goes first. */
  start: number
}

export const newFairClock = (): FairClock => ({ virtualTime: 0, finish: new Map() })

/** A person's questions do not wait for the batch job of the same client. */
const flowOf = (client: string, priority: Priority) => `${priority}\n${client}`

/** Charges a request on its arrival. */
export function charge(
  clock: FairClock,
  { client, priority, tokens }: { client: string; priority: Priority; tokens: number },
): Charge {
  const flow = flowOf(client, priority)
  const start = Math.max(clock.virtualTime, clock.finish.get(flow) ?? 0)
  const amount = tokens / WEIGHT[priority]
  remember(clock, flow, start + amount)
  return { flow, amount, start }
}

/** The request is being served: time goes on. */
export function serve(clock: FairClock, { start, amount }: Charge): void {
  clock.virtualTime = Math.max(clock.virtualTime + CREEP * amount, start)
}

/** Gives back what was charged for a request that left, or settles the difference to what it really took. */
export function settle(clock: FairClock, { flow, amount }: Charge, tokens = 0): void {
  const finish = clock.finish.get(flow)
  if (finish === undefined) return
  const weight = flow.startsWith('batch') ? WEIGHT.batch : WEIGHT.interactive
  const settled = finish - amount + tokens / weight
  if (settled <= clock.virtualTime) clock.finish.delete(flow)
  else clock.finish.set(flow, settled)
}

/** Nobody waits or works: all are equal again. */
export function startAnew(clock: FairClock): void {
  clock.virtualTime = 0
  clock.finish.clear()
}

function remember(clock: FairClock, flow: string, finish: number): void {
  clock.finish.delete(flow)
  clock.finish.set(flow, finish)
  const [oldest] = clock.finish.keys()
  if (clock.finish.size > MOST_FLOWS && oldest !== undefined) clock.finish.delete(oldest)
}
