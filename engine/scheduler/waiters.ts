/** Comes and goes in the queues and in the counts that belong to them. */
import { charge, settle, startAnew } from './fairness.ts'
import { runnerKey } from './reload.ts'
import type { Queue, State, Waiter } from './state.ts'
import type { AcquireRequest } from './types.ts'

/** What a request is taken to cost whose caller did not say. */
const UNKNOWN_COST = 512

/** Somebody who has asked, charged for it but in no queue yet. */
export function newWaiter<T>(
  state: State<T>,
  id: number,
  request: AcquireRequest<T>,
  nowMs: number,
): Waiter<T> {
  const { client = '', priority = 'interactive', cost = UNKNOWN_COST, lane = 'slot' } = request
  const bill = charge(state.fair, { client, priority, tokens: cost })
  return { id, key: runnerKey(request.plan), request, lane, client, charge: bill, atMs: nowMs }
}

/** Puts the waiter into the queue of its model; how many are in it then. */
export function putIntoQueue<T>(state: State<T>, waiter: Waiter<T>): number {
  const queue: Queue<T> = state.queues.get(waiter.key) ?? {
    key: waiter.key,
    waiters: new Map(),
    slotless: 0,
    movedAtMs: waiter.atMs,
  }
  state.queues.set(waiter.key, queue)
  queue.waiters.set(waiter.id, waiter)
  if (waiter.lane !== 'slot') queue.slotless += 1
  state.waiting += 1
  state.clients.set(waiter.client, (state.clients.get(waiter.client) ?? 0) + 1)
  return queue.waiters.size
}

/** Takes the waiter out of its queue; `movedAtMs` when that is because it is served. */
export function takeFromQueue<T>(state: State<T>, waiter: Waiter<T>, movedAtMs?: number): void {
  const queue = state.queues.get(waiter.key)
  if (queue === undefined || !queue.waiters.delete(waiter.id)) return
  state.waiting -= 1
  if (waiter.lane !== 'slot') queue.slotless -= 1
  if (movedAtMs !== undefined) queue.movedAtMs = movedAtMs
  if (queue.waiters.size === 0) state.queues.delete(waiter.key)
}

/** The client has one request less. `tokens`: what it took; absent leaves what was charged for it. */
export function forgetClient<T>(state: State<T>, { client, charge: bill }: Waiter<T>, tokens?: number): void {
  const left = (state.clients.get(client) ?? 0) - 1
  if (left > 0) state.clients.set(client, left)
  else state.clients.delete(client)
  if (tokens !== undefined) settle(state.fair, bill, tokens)
  if (state.waiting === 0 && state.holders.size === 0) startAnew(state.fair)
}
