import { EngineError } from '../errors.ts'
import type { Pulse, Scheduler } from '../scheduler/types.ts'
import { withDeadline, within } from './within.ts'

/** Asks the scheduler's loop. Throws EngineError `busy` without an answer in time, and what the loop threw. */
export function pulseWithin(scheduler: Pick<Scheduler<never>, 'pulse'>, deadlineMs: number): Promise<Pulse> {
  const late = new EngineError('busy', `the scheduler has not answered within ${deadlineMs} ms`)
  return withDeadline(deadlineMs, late, (signal) => within(scheduler.pulse(), signal))
}
