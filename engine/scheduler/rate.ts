/** How fast requests end, for telling clients when to ask again. Times are of one monotonic clock. */
export interface Rate {
  /** Requests that have ended, each fading with time, as of `atMs`. */
  ended: number
  atMs: number
}

/** Over this time an ended request fades to a third. */
const FADE_MS = 60_000

/** Nobody is told to stay away for longer: a model may be loaded anew by then. */
const LONGEST_S = 600

export const newRate = (): Rate => ({ ended: 0, atMs: 0 })

/** Counts a request that has ended. */
export function countEnded(rate: Rate, nowMs: number): void {
  rate.ended = faded(rate, nowMs) + 1
  rate.atMs = nowMs
}

/** Seconds until `waiting` requests have ended at the measured rate; 1 while nothing was measured. */
export function retryAfterS(rate: Rate, waiting: number, nowMs: number): number {
  const perSecond = (faded(rate, nowMs) / FADE_MS) * 1000
  // Less than one in a minute's memory is no rate.
  if (perSecond * FADE_MS < 1000) return 1
  return Math.min(LONGEST_S, Math.max(1, Math.ceil(waiting / perSecond)))
}

const faded = ({ ended, atMs }: Rate, nowMs: number): number => ended * Math.exp(-(nowMs - atMs) / FADE_MS)
