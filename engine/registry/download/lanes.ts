export interface LaneOptions {
  most: number
  /** A further lane is opened after this time … */
  rampMs: number
  /** … unless this says, asked then, that those there are enough. */
  isEnough: () => boolean
}

/**
 * Does jobs in order, several at a time, beginning with one. When one fails the others are aborted; rejects with the
 * first failure once all have ended.
 */
export async function inLanes(
  jobs: readonly ((signal: AbortSignal) => Promise<void>)[],
  { most, rampMs, isEnough }: LaneOptions,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const inner = AbortSignal.any([signal, stop.signal])
  const queue = jobs.values()
  const lanes = new Set<Promise<void>>()
  let begun = 0
  const lane = async () => {
    for (const job of queue) {
      inner.throwIfAborted()
      begun += 1
      await job(inner)
    }
  }
  const open = () => {
    const opened = lane()
      .catch((error) => stop.abort(error))
      .finally(() => lanes.delete(opened))
    lanes.add(opened)
  }
  open()
  const ramp = setInterval(() => {
    const isUseful = begun < jobs.length && lanes.size < most && !inner.aborted
    if (!isEnough() && isUseful) open()
  }, rampMs)
  while (lanes.size > 0) await Promise.race(lanes)
  clearInterval(ramp)
  inner.throwIfAborted()
}

/** Tells, each time it is asked, whether a count has grown at least by `perSecond` since the last time. */
export function rateGauge(count: () => number, perSecond: number): () => boolean {
  let last = { count: count(), at: performance.now() }
  return () => {
    const now = { count: count(), at: performance.now() }
    const isFast = (now.count - last.count) * 1000 >= perSecond * (now.at - last.at)
    last = now
    return isFast
  }
}
