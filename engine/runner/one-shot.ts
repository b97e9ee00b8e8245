import { EngineError } from '../errors.ts'
import { type ChildEntry, forkChild } from './fork.ts'
import type { LastReport } from './last-report.ts'

/** Of what a dying child says: the first words name the place. */
const MAX_LAST_WORDS = 500

export interface OneShot<R extends { type: string }> {
  entry: ChildEntry
  /** The child's whole environment. */
  environment: Record<string, string>
  request: object
  /** Messages of another shape are passed over. */
  isReport: (message: unknown) => message is R | LastReport
  /** What it tells on the way. */
  onReport: (report: R) => void
  onStderr?: (text: string) => void
  /** The error for a child that ended without a last report; `detail` is how, and what it said. */
  died: (detail: string) => EngineError
  signal: AbortSignal
}

/**
 * Runs a child that does one thing to its end, which is the abort of the signal at the latest. Throws EngineError:
 * `cancelled`, what the child reported, or what `died` makes of its end.
 */
export async function runOneShot<R extends { type: string }>(job: OneShot<R>): Promise<void> {
  const { signal } = job
  const child = forkChild(job.entry, job.environment)
  const stop = () => child.kill('SIGKILL')
  let lastWords = ''
  let outcome: 'done' | EngineError | undefined
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(0, MAX_LAST_WORDS)
    job.onStderr?.(text)
  })
  child.on('message', (report) => {
    if (!job.isReport(report)) return
    if (isLast(report)) {
      outcome = report.type === 'done' ? 'done' : new EngineError(report.failure.code, report.failure.message)
      stop()
    } else job.onReport(report)
  })
  signal.addEventListener('abort', stop, { once: true })
  // The channel closes when the child dies, and then its end is what counts.
  child.send(job.request, () => {})
  const end = await new Promise<string>((resolve) => {
    child.once('close', (code, killer) => resolve(killer ?? `exit status ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  signal.removeEventListener('abort', stop)
  if (signal.aborted) throw cancelled()
  if (outcome === 'done') return
  throw outcome ?? job.died([end, lastWords.trim()].filter((text) => text !== '').join(': '))
}

const isLast = (report: { type: string } | LastReport): report is LastReport =>
  report.type === 'done' || report.type === 'failed'

export const cancelled = () => new EngineError('cancelled', 'request canceled')
