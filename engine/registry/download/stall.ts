export interface StallWatch {
  /** Aborts with `signal`, or when nothing happened for too long. */
  signal: AbortSignal
  /** Something happened. */
  touch(): void
  isStalled(): boolean
  stop(): void
}

/** Watches over work that must show a sign of life every `ms`. */
export function watchStall(ms: number, signal: AbortSignal): StallWatch {
  const stalled = new AbortController()
  const timer = setTimeout(() => stalled.abort(), ms)
  return {
    signal: AbortSignal.any([signal, stalled.signal]),
    touch: () => {
      timer.refresh()
    },
    isStalled: () => stalled.signal.aborted && !signal.aborted,
    stop: () => clearTimeout(timer),
  }
}
