import { EngineError } from './errors.ts'

/** What work ends with that was aborted. Whoever aborted may have said why in words for the client. */
export const cancelled = (reason: unknown): EngineError =>
  reason instanceof EngineError ? reason : new EngineError('cancelled', 'request canceled', { cause: reason })
