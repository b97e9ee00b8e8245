/**
 * Chooses the number of compute threads while a model runs. llama.cpp's threads wait for each other by spinning:
 * when another process takes one of the cores, every step waits for the thread that lost its own, and one
 * thread less is many times faster. Steps that take three times their usual time are the sign.
 *
 *   steady ──slow steps──► trial with one less  ──clearly faster──► steady with one less
 *      │                        └──────────────────otherwise──────► steady as before; slow is the new usual
 *      └──after a while──► trial with one more  ──not slower──────► steady with one more
 *                               └──────────────────otherwise──────► steady as before; the next try comes later
 *
 * Only steps of one kind, the same number of tokens, are compared. A longer context makes steps slower by and
 * by; the median follows that. A jump that fewer threads do not cure costs one short trial.
 */

/** Steps a median looks back on. */
const WINDOW = 31
/** Steps needed before a median means anything. */
const LEAST_STEPS = 8
const SLOW_FACTOR = 3
/** So many slow steps among the last ones: one alone may be a page fault or a garbage collection. */
const SLOW_STEPS = 3
const SLOW_AMONG = 5
/** Steps a trial measures, after one that still has the change itself in it. */
const TRIAL_STEPS = 5
/** A trial may wait this long for steps of its kind. */
const TRIAL_MS = 20_000
/** How long until one more thread is tried; doubled each time that was no use. */
const FIRST_PROBE_MS = 5_000
const LAST_PROBE_MS = 160_000
/** Time of the trial over time before it: fewer threads must be clearly faster, more no slower. */
const FEWER_MUST_REACH = 0.8
const MORE_MUST_REACH = 1.05

export interface ThreadGovernor {
  threads(): number
  /**
   * A step of `tokens` tokens took `ms`, and ended at `nowMs` on a clock that never goes back. Gives how many
   * threads the next one should have.
   */
  observe(tokens: number, ms: number, nowMs: number): number
}

interface Trial {
  tokens: number
  before: number
  /** Median time of the steps that led to the trial. */
  beforeMs: number
  times: number[]
  since: number
}

/** Starts with `most` threads, which it never exceeds. */
export function createThreadGovernor(most: number): ThreadGovernor {
  let threads = most
  /** Recent steps by number of tokens, oldest first; as many as there are batch sizes to decode. */
  const usual = new Map<number, number[]>()
  let recent: { tokens: number; ms: number; isSlow: boolean }[] = []
  let trial: Trial | undefined
  let probeMs = FIRST_PROBE_MS
  let changedAt: number | undefined

  function start(tokens: number, beforeMs: number, to: number, nowMs: number): void {
    trial = { tokens, before: threads, beforeMs, times: [], since: nowMs }
    threads = to
    recent = []
  }

  function watch(tokens: number, ms: number, nowMs: number): void {
    const known = usual.get(tokens) ?? []
    const isSlow = known.length >= LEAST_STEPS && ms > SLOW_FACTOR * median(known)
    recent = [...recent, { tokens, ms, isSlow }].slice(-SLOW_AMONG)
    const slow = recent.filter((step) => step.isSlow && step.tokens === tokens)
    if (slow.length >= SLOW_STEPS && threads > 1) {
      start(tokens, median(slow.map((step) => step.ms)), threads - 1, nowMs)
      return
    }
    // A slow step is no example of what is usual, until a trial has shown that it has become so.
    if (!isSlow || threads === 1) usual.set(tokens, [...known, ms].slice(-WINDOW))
    if (threads < most && known.length >= LEAST_STEPS && nowMs - (changedAt ?? nowMs) >= probeMs) {
      start(tokens, median(known), threads + 1, nowMs)
    }
  }

  function judge(current: Trial, nowMs: number): void {
    const times = current.times.slice(1)
    const reached = times.length === 0 ? Number.POSITIVE_INFINITY : median(times) / current.beforeMs
    const isMore = threads > current.before
    trial = undefined
    changedAt = nowMs
    if (reached <= (isMore ? MORE_MUST_REACH : FEWER_MUST_REACH)) {
      probeMs = FIRST_PROBE_MS
      // What was usual with another number of threads says little; after fewer it still shows what is slow.
      if (isMore) usual.clear()
      return
    }
    threads = current.before
    if (isMore) probeMs = Math.min(2 * probeMs, LAST_PROBE_MS)
    else
      usual.set(
        current.tokens,
        Array.from({ length: LEAST_STEPS }, () => current.beforeMs),
      )
  }

  return {
    threads: () => threads,
    observe(tokens, ms, nowMs) {
      if (most <= 1) return threads
      changedAt ??= nowMs
      if (trial === undefined) watch(tokens, ms, nowMs)
      else {
        if (trial.tokens === tokens) trial.times.push(ms)
        if (trial.times.length > TRIAL_STEPS || nowMs - trial.since > TRIAL_MS) judge(trial, nowMs)
      }
      return threads
    },
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
