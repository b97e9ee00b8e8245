/** How every child process begins and ends that does one thing for its parent and reports (see one-shot.ts). */
import type { LastReport } from './last-report.ts'
import { type Failure, failureOf } from './protocol.ts'

export interface OneShotWork<Request, News> {
  /** The name of the process, for people who look at a list of them. */
  title: string
  /** Messages of another shape are passed over. */
  isRequest: (message: unknown) => message is Request
  /** Does it; `tell` reports on the way. What it throws is the last report. */
  work: (request: Request, tell: (news: News) => void) => Promise<void>
  toFailure?: (error: unknown) => Failure
  /** Removes what nobody is left to take, when the parent has gone. */
  abandon?: (request: Request) => void
}

/** Waits for the request and does it. The parent ends this process when it has reported, or before that to cancel. */
export function serveOneShot<Request, News>(job: OneShotWork<Request, News>): void {
  const { title, isRequest, work, toFailure = failureOf, abandon } = job
  const tell = (report: News | LastReport) => process.send?.(report)
  let request: Request | undefined
  process.title = title
  // Ctrl-C and service managers signal the whole group; the parent decides when this process goes.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  process.on('disconnect', () => {
    try {
      if (request !== undefined) abandon?.(request)
    } finally {
      // Not process.exit: it would run a native library's destructors under threads that still compute.
      process.kill(process.pid, 'SIGKILL')
    }
  })
  process.on('message', (message) => {
    if (!isRequest(message)) return
    request = message
    work(message, tell).then(
      () => tell({ type: 'done' }),
      (error) => tell({ type: 'failed', failure: toFailure(error) }),
    )
  })
}
