import type { Runner, RunnerEvent, RunnerRequest } from './backend.ts'

/** Speeds are means over this long, and over less right after a silence. */
const WINDOW_MS = 5_000
const BUCKET_MS = 500
/** A mean over less says more about the moment it was asked for than about the model. */
const LEAST_MS = 1_000

/** Counts tokens as they come. It has no clock: whoever counts or asks brings the time, of one monotonic clock. */
export interface SpeedMeter {
  count(tokens: number, nowMs: number): void
  /** Tokens per second lately; 0 after a silence. */
  perSecond(nowMs: number): number
}

export function createSpeedMeter(): SpeedMeter {
  let buckets: { atMs: number; tokens: number }[] = []

  function forget(nowMs: number): void {
    buckets = buckets.filter(({ atMs }) => atMs > nowMs - WINDOW_MS)
  }

  return {
    count(tokens, nowMs) {
      const last = buckets.at(-1)
      if (last !== undefined && nowMs - last.atMs < BUCKET_MS) {
        last.tokens += tokens
        return
      }
      forget(nowMs)
      buckets.push({ atMs: nowMs, tokens })
    },
    perSecond(nowMs) {
      forget(nowMs)
      const [oldest] = buckets
      if (oldest === undefined) return 0
      const tokens = buckets.reduce((sum, bucket) => sum + bucket.tokens, 0)
      return (tokens * 1000) / Math.max(LEAST_MS, nowMs - oldest.atMs)
    },
  }
}

/** How fast each runner generates, all its answers together. */
export interface Speeds {
  /** The events of a generation, its tokens counted as they pass. */
  metered(runner: Runner, request: RunnerRequest, signal: AbortSignal): AsyncIterable<RunnerEvent>
  /** Tokens per second lately. */
  of(runner: Runner): number
}

export function createSpeeds(): Speeds {
  // Forgets a runner with the runner itself.
  const meters = new WeakMap<Runner, SpeedMeter>()
  return {
    async *metered(runner, request, signal) {
      const meter = meters.get(runner) ?? createSpeedMeter()
      meters.set(runner, meter)
      for await (const event of runner.generate(request, signal)) {
        if (event.type === 'text') meter.count(event.tokens, performance.now())
        yield event
      }
    },
    of: (runner) => meters.get(runner)?.perSecond(performance.now()) ?? 0,
  }
}
