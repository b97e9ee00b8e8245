import type { ThreadGovernor } from './thread-governor.ts'

/** Tells a governor how long steps take and carries out what it decides, with a line in the log for each change. */
export function adaptThreads(
  governor: ThreadGovernor,
  setThreads: (threads: number) => void,
  log: (message: string) => void,
): (tokens: number, startedAt: number) => void {
  return (tokens, startedAt) => {
    const before = governor.threads()
    const now = performance.now()
    const threads = governor.observe(tokens, now - startedAt, now)
    if (threads === before) return
    setThreads(threads)
    log(`compute threads: ${threads} instead of ${before}, to suit what else runs on this machine`)
  }
}
