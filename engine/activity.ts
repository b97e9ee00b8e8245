import type { MemoryByDevice } from './planning/types.ts'

/** Why a model left memory. */
export type EvictionReason = 'keep-alive' | 'memory' | 'limit' | 'asked' | 'reload' | 'died'

/** What happens to models, for people who watch. Models by their names in full. */
export type ActivityEvent =
  | { type: 'load-started'; model: string; predicted: MemoryByDevice }
  /** `fraction` from 0 to 1. */
  | { type: 'load-progress'; model: string; fraction: number }
  | { type: 'loaded'; model: string; loadMs: number; actual: MemoryByDevice }
  | { type: 'load-failed'; model: string; code: string; message: string }
  /** `field`: what about a request needed another runner, when that was the reason. */
  | { type: 'evicted'; model: string; reason: EvictionReason; field?: string }
  | { type: 'queue'; model: string; waiting: number; running: number }

export interface Activity {
  report(event: ActivityEvent): void
  /** Calls `listener` with every event from now on; the answer ends that. A listener must not throw or wait. */
  watch(listener: (event: ActivityEvent) => void): () => void
}

/** Passes events on to whoever watches. Keeps none. */
export function createActivity(): Activity {
  const listeners = new Set<(event: ActivityEvent) => void>()
  return {
    report(event) {
      for (const listener of listeners) listener(event)
    },
    watch(listener) {
      // A function of its own, so that one listener may watch twice.
      const own = (event: ActivityEvent) => listener(event)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}
