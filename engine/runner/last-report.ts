import type { Failure } from './protocol.ts'
import { isText, object } from './shape.ts'

/** What every child that does one thing says at its end; others are reports on the way. */
export type LastReport = { type: 'done' } | { type: 'failed'; failure: Failure }

/** The checks of both, for `tagged` beside those of a child's own reports. */
export const LAST_REPORTS = {
  done: () => true,
  failed: object({ failure: object<Failure>({ code: isText, message: isText }) }),
}
