import { RunnerDiedError } from './errors.ts'
import type { Lease } from './scheduler/types.ts'
import { type Fingerprint, isPastDeath, type SuspectRecord, type Suspects } from './suspects.ts'
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
  const run: Run = { hasStarted: false, isAlone: false, given: 0 }
  for (;;) {
    const record = suspects.recordOf(request.fingerprint)
    run.isAlone = record !== undefined
    const lease = await request.acquire(run.isAlone)
    try {
      yield* attempt(request, run, lease, { suspects, record })
      return
    } catch (error) {
      if (!(error instanceof RunnerDiedError)) throw error
      lease.condemn()
      suspects.accuse(request.fingerprint, run.given, run.isAlone)
      if (run.given > 0) throw error
    } finally {
      lease.release()
    }
  }
}

interface Run {
  /** The client knows that its request was accepted. */
  hasStarted: boolean
  /** Nobody else may be on the runner. */
  isAlone: boolean
  /** Events of the answer that the client has got. */
  given: number
}

/** One run from the beginning. Others are let in once the suspect is past the point where its runner died. */
async function* attempt(
  request: Replayable,
  run: Run,
  lease: Lease,
  { suspects, record }: { suspects: Suspects; record: SuspectRecord | undefined },
): AsyncGenerator<EngineEvent> {
  for await (const event of request.run(lease)) {
    if (event.type === 'started') {
      if (!run.hasStarted) yield event
      run.hasStarted = true
      continue
    }
    run.given += 1
    if (run.isAlone && record !== undefined && isPastDeath(record, run.given)) {
      run.isAlone = false
      lease.share()
    }
    // Before the last event is handed out: nobody has to ask for what comes after it.
    if (event.type === 'end' && record !== undefined) suspects.clear(request.fingerprint)
    yield event
  }
}
