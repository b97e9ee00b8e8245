/** How long to wait before a model whose runner keeps dying is loaded again. */
export interface BackOffTimes {
  /** After the second death in a row; the first one costs nothing. Doubles with every further death. */
  firstMs: number
  longestMs: number
  /** A runner that lived this long was well: its death counts as the first. */
  healthyMs: number
}

export const BACK_OFF: BackOffTimes = { firstMs: 1_000, longestMs: 30_000, healthyMs: 60_000 }

/** Models remembered; the one that died longest ago is forgotten. */
const MOST_MODELS = 256

export interface BackOff {
  /** A runner died `livedMs` after it was ready. Times are of one monotonic clock. */
  died(key: string, livedMs: number, nowMs: number): void
  /** Milliseconds until the model may be loaded; 0 for at once. */
  waitMs(key: string, nowMs: number): number
}

/** Remembers who died. It has no clock and no timer: whoever asks brings the time. */
export function createBackOff(times: BackOffTimes): BackOff {
  const deaths = new Map<string, { count: number; atMs: number }>()
  return {
    died(key, livedMs, nowMs) {
      const before = livedMs >= times.healthyMs ? 0 : (deaths.get(key)?.count ?? 0)
      // Entered anew, so that the map is in order of death.
      deaths.delete(key)
      deaths.set(key, { count: before + 1, atMs: nowMs })
      const [oldest] = deaths.keys()
      if (deaths.size > MOST_MODELS && oldest !== undefined) deaths.delete(oldest)
    },
    waitMs(key, nowMs) {
      const last = deaths.get(key)
      if (last === undefined || last.count < 2) return 0
      const delay = Math.min(times.longestMs, times.firstMs * 2 ** (last.count - 2))
      return Math.max(0, last.atMs + delay - nowMs)
    },
  }
}
