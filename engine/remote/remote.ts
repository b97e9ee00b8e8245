/** Models that other servers run: their stubs' jobs, asked for by OpenAI's API. */

import { checkedAnswer } from '../answer-check.ts'
import { cancelled } from '../cancelled.ts'
import { can, checkJob } from '../check.ts'
import { EngineError } from '../errors.ts'
import { namedOptions } from '../options.ts'
import type { EngineEvent, Job } from '../types.ts'
import { readAnswer, type Wanted } from './answer.ts'
import { toRequest } from './body.ts'
import { embedThere } from './embed.ts'
import { createHttp } from './http.ts'
import { placeOf } from './place.ts'
import { isStub } from './stub.ts'
import type { Remote, RemoteParts } from './types.ts'

/**
 * Nothing of a stub is ever loaded here, so it needs no place in the scheduler's queue: its server has one. What is
 * bounded is how many requests are open at the same time, which also ends circles of servers that ask each other.
 */
export function createRemote(parts: RemoteParts): Remote {
  const { hosts, settings, log } = parts
  const http = createHttp(parts)
  let open = 0

  /** Takes one of the requests that may be open; the caller gives it back. */
  function enter(): () => void {
    if (open >= settings.maxQueue) {
      throw new EngineError('busy', 'server busy, please try again.  maximum pending requests exceeded')
    }
    open += 1
    return () => {
      open -= 1
    }
  }

  async function* run(job: Job, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const startedAt = performance.now()
    const place = placeOf(job.model, hosts)
    checkJob(job)
    const request = { place, ...toRequest(job, place.model), accept: 'text/event-stream' } as const
    const { stop = [] } = namedOptions({
      defaults: job.defaults ?? {},
      parameters: job.model.parameters,
      request: job.options,
    })
    const leave = enter()
    try {
      const answer = readAnswer(http.post(request, signal), { calls: wantedCalls(job) })
      const { tokenIds: _, reason, ...usage } = yield* checkedAnswer(answer, job, stop, log)
      yield { type: 'end', reason, usage: { ...usage, loadMs: 0, totalMs: performance.now() - startedAt } }
    } catch (error) {
      throw signal.aborted ? cancelled(signal.reason) : error
    } finally {
      leave()
    }
  }

  return {
    run,
    async embed(job, signal) {
      const startedAt = performance.now()
      const place = placeOf(job.model, hosts)
      if (!can(job.model, 'embedding')) {
        throw new EngineError('unsupported', `"${job.rawName}" does not support embedding`)
      }
      const leave = enter()
      try {
        const result = await embedThere(http, place, job, signal)
        return { ...result, loadMs: 0, totalMs: performance.now() - startedAt }
      } catch (error) {
        throw signal.aborted ? cancelled(signal.reason) : error
      } finally {
        leave()
      }
    },
    refusal(model) {
      if (!isStub(model)) return undefined
      try {
        placeOf(model, hosts)
        return undefined
      } catch (error) {
        if (error instanceof EngineError) return error
        throw error
      }
    },
    close: () => http.close(),
  }
}

const wantedCalls = (job: Job): Wanted['calls'] => {
  if (job.kind === 'generate' || job.tools.length === 0 || job.toolChoice === 'none') return 'none'
  return job.parallelToolCalls ? 'all' : 'first'
}
