export interface LaneOptions {
  most: number
  /** A further lane is opened after this time … */
  rampMs: number
  /** … unless this says, asked then, that those there are enough. Then one that has done a job takes no other. */
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
  let working = 0
  let areEnough = false
  const lane = async () => {
    for (const job of queue) {
      inner.throwIfAborted()
      begun += 1
      await job(inner)
      if (areEnough && working > 1) break
    }
    working -= 1
  }
  const open = () => {
    working += 1
    const opened = lane()
      .catch((error) => stop.abort(error))
      .finally(() => lanes.delete(opened))
    lanes.add(opened)
  }
  open()
  const ramp = setInterval(() => {
    areEnough = isEnough()
    const isUseful = begun < jobs.length && lanes.size < most && !inner.aborted
    if (!areEnough && isUseful) open()
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

/** Tells, each time it is asked, whether this thread has been at work for at least this share of the time since. */
export function loadGauge(share: number): () => boolean {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization >= share
  }
}
