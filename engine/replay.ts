import { RunnerDiedError } from './errors.ts'
import type { Lease } from './scheduler/types.ts'
import { type Fingerprint, isPastDeath, type Suspects } from './suspects.ts'
import type { EngineEvent } from './types.ts'

/** A request as it can be run more than once. */
export interface Replayable {
  fingerprint: Fingerprint
  /** Waits for a runner. Throws EngineError when there will be none. */
  acquire(isAlone: boolean): Promise<Lease>
  /** Runs the request from its beginning. */
  run(lease: Lease): AsyncIterable<EngineEvent>
}

/**
 * Runs a request, and again on another runner when its own dies before the request has given anything. Nobody
 * notices but by the time it takes. Throws RunnerDiedError when something was given, EngineError `runner_died`
 * when the request is known to stop runners, and whatever `acquire` and `run` throw.
 */
export async function* replayed(request: Replayable, suspects: Suspects): AsyncGenerator<EngineEvent> {
  let hasStarted = false
  for (;;) {
    const record = suspects.recordOf(request.fingerprint)
    let isAlone = record !== undefined
    let given = 0
    const lease = await request.acquire(isAlone)
    try {
      for await (const event of request.run(lease)) {
        if (event.type !== 'started') given += 1
        else if (hasStarted) continue
        hasStarted = true
        if (isAlone && record !== undefined && isPastDeath(record, given)) {
          isAlone = false
          lease.share()
        }
        yield event
      }
      if (record !== undefined) suspects.clear(request.fingerprint)
      return
    } catch (error) {
      if (!(error instanceof RunnerDiedError)) throw error
      lease.condemn()
      suspects.accuse(request.fingerprint, given, isAlone)
      if (given > 0) throw error
    } finally {
      lease.release()
    }
  }
}
