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
  const stall = new AbortController()
  let furthest = 0
  let timer: NodeJS.Timeout | undefined
  const restart = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(), stallMs)
  }
  restart()
  try {
    return await load(AbortSignal.any([signal, stall.signal]), (fraction) => {
      furthest = fraction
      restart()
    })
  } catch (error) {
    if (!stall.signal.aborted) throw error
    const percent = Math.floor(furthest * 100)
    throw new EngineError(
      'load_timeout',
      `timed out waiting for the model runner to start - no progress for ${stallMs / 1000} s at ${percent}%`,
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
  }
}
