import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { MAX_TIMER_MS } from './policy.ts'

type Load = (signal: AbortSignal, onProgress: (fraction: number) => void) => Promise<Runner>

/**
 * Runs a load, and stops it when it makes no progress for `stallMs` (Infinity: never). Throws what the load
 * threw, or EngineError `load_timeout` after a stall.
 */
export async function loadWithin(stallMs: number, signal: AbortSignal, load: Load): Promise<Runner> {
  // Longer than a timer can wait is as good as for ever.
  if (stallMs > MAX_TIMER_MS) return load(signal, () => {})
  // Not AbortSignal.any: Node 20 is slow to let go of what it makes.
  const stop = new AbortController()
  const follow = () => stop.abort(signal.reason)
  signal.addEventListener('abort', follow, { once: true })
  let hasStalled = false
  let furthest = 0
  let timer: NodeJS.Timeout | undefined
  const restart = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      hasStalled = true
      stop.abort()
    }, stallMs)
  }
  restart()
  try {
    return await load(stop.signal, (fraction) => {
      furthest = fraction
      restart()
    })
  } catch (error) {
    if (!hasStalled) throw error
    const percent = Math.floor(furthest * 100)
    throw new EngineError(
      'load_timeout',
      `timed out waiting for the model runner to start - no progress for ${stallMs / 1000} s at ${percent}%`,
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', follow)
  }
}
