/**
 * Requests that were at work when their runner died. Which of them was to blame cannot be seen from outside, so
 * each is run again alone:
 *
 *   died in company, or alone for the first time → suspect: runs alone
 *   a suspect got past where it was when it died → others may join it; it is free once it has ended
 *   a suspect died alone                         → guilty: refused for a while, also when it is sent again
 *
 * A guilty request has thus stopped two runners, the second one with nobody else there to be blamed.
 */
import { createHash } from 'node:crypto'
import { EngineError, RUNNER_DIED } from './errors.ts'

/** Requests remembered; the one that was accused longest ago is forgotten. */
const MOST_SUSPECTS = 1_000
const REMEMBERED_MS = 10 * 60_000

/** Events beyond where it died before that a suspect must have given: what is held back is not counted there. */
const MARGIN = 8

/** Begins as the error that the client got before, so that whoever knows that one knows this one too. */
const REFUSED = `${RUNNER_DIED}: this request has stopped two model runners and is not run again for now`

/** What is known of a suspect. */
export interface SuspectRecord {
  isGuilty: boolean
  /** Most events it had given when a runner died. */
  events: number
  atMs: number
}

export interface Suspects {
  /** Undefined for a request with a clean record. Throws EngineError `runner_died` for a guilty one. */
  recordOf(request: Fingerprint): SuspectRecord | undefined
  /** The request's runner died after it had given this many events. */
  accuse(request: Fingerprint, events: number, wasAlone: boolean): void
  /** It ran to its end. */
  clear(request: Fingerprint): void
}

/** Asked for only when there is something to compare with: hashing a long prompt takes a while. */
export type Fingerprint = () => string

/** True once a suspect that has given this many events cannot be what it was taken for. */
export const isPastDeath = (record: SuspectRecord, events: number): boolean => events > record.events + MARGIN

/** The same for two requests that ask the same of the same model. `parts` are plain data. */
export const fingerprintOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64')

/** Starts with nobody suspected. `now` is a monotonic clock in milliseconds. */
export function createSuspects(now: () => number = () => performance.now()): Suspects {
  const records = new Map<string, SuspectRecord>()

  function find(id: string): SuspectRecord | undefined {
    const record = records.get(id)
    if (record === undefined || now() - record.atMs < REMEMBERED_MS) return record
    records.delete(id)
    return undefined
  }

  return {
    recordOf(request) {
      const record = records.size === 0 ? undefined : find(request())
      if (record?.isGuilty !== true) return record
      throw new EngineError('runner_died', REFUSED)
    },
    accuse(request, events, wasAlone) {
      const id = request()
      const before = find(id)
      records.delete(id)
      const isGuilty = before !== undefined && wasAlone
      records.set(id, { isGuilty, events: Math.max(events, before?.events ?? 0), atMs: now() })
      const [oldest] = records.keys()
      if (records.size > MOST_SUSPECTS && oldest !== undefined) records.delete(oldest)
    },
    clear(request) {
      if (records.size > 0) records.delete(request())
    },
  }
}
