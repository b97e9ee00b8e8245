import { setImmediate } from 'node:timers/promises'
import type { Steps } from '../fit/candidates.ts'

/** Below what anybody notices who waits for the same thread. */
const SLICE_MS = 10

/**
 * Runs work that has places to rest, and lets others run every few milliseconds. Throws what the work throws, and the
 * signal's reason.
 */
export async function inSlices<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  let began = performance.now()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (performance.now() - began < SLICE_MS) continue
    await setImmediate()
    signal?.throwIfAborted()
    began = performance.now()
  }
}
