/**
 * Tells a runner that works from one that hangs. While somebody waits for it, the child is pinged at every beat.
 * Decoding happens on other threads, so its event loop answers however long a step takes.
 *
 * Beats are counted, not time: while the machine sleeps, or the container is frozen, no timer fires, and after
 * it at most one beat is missed. For the same reason a busy parent, whose timers come late, accuses nobody.
 *
 * A load is not watched here: its progress is (scheduler/decide.ts), because opening a GPU driver may keep
 * the child's event loop for long.
 */
export interface HeartbeatTimes {
  everyMs: number
  /** Beats in a row without a word after which the child counts as hung. */
  silentBeats: number
  /** Beats in a row spent in the same decode step after which it counts as hung. */
  stuckBeats: number
}

/**
 * A minute of silence. Half an hour for one decode step, of which there may be reasons to be slow: weights that
 * do not fit into memory are read from the disk in every step, and a prompt's step has hundreds of tokens. Only a
 * GPU that will never answer stays longer.
 */
export const HEARTBEAT: HeartbeatTimes = { everyMs: 5_000, silentBeats: 12, stuckBeats: 360 }

export interface Heartbeat {
  /** Somebody waits for the child now: beats until nobody does and the child has answered. */
  watch(): void
  /** The child said something, whatever it was. */
  heard(): void
  /** It answered a ping: the number of the decode step it is in, null when it is in none. */
  answered(step: number | null): void
  stop(): void
}

export interface HeartbeatEffects {
  ping(): void
  isAwaited(): boolean
  /** Called once; `reason` completes "the runner …". */
  onHung(reason: string): void
}

/** Beats only after `watch`. */
export function createHeartbeat(times: HeartbeatTimes, effects: HeartbeatEffects): Heartbeat {
  let timer: NodeJS.Timeout | undefined
  let hasSpoken = true
  let silent = 0
  let stuck = 0
  let lastStep: number | null = null

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  function beat(): void {
    // Not as soon as nobody waits: clients that give up one after another would hide a child that hangs.
    if (hasSpoken && !effects.isAwaited()) {
      stop()
      return
    }
    silent = hasSpoken ? 0 : silent + 1
    if (silent >= times.silentBeats) hang(`has not answered ${silent} pings`)
    else if (stuck >= times.stuckBeats) hang(`has been in one decode step for ${stuck} pings`)
    else {
      hasSpoken = false
      effects.ping()
    }
  }

  function hang(reason: string): void {
    stop()
    effects.onHung(reason)
  }

  return {
    watch() {
      if (timer !== undefined) return
      hasSpoken = true
      silent = 0
      stuck = 0
      timer = setInterval(beat, times.everyMs).unref()
    },
    heard() {
      hasSpoken = true
    },
    answered(step) {
      stuck = step !== null && step === lastStep ? stuck + 1 : 0
      lastStep = step
    },
    stop,
  }
}
