import type { FastifyReply } from 'fastify'
import type { EngineEvent, Job } from '../../engine/types.ts'
import { clientGone } from './client-gone.ts'

/** Aborts when there is nobody left to work for: the client behind `reply` left, or the server closes. */
export function jobSignal(reply: FastifyReply): AbortSignal {
  return AbortSignal.any([clientGone(reply), reply.server.stopping])
}

/**
 * The events of a job for the client behind `reply`, and the numbers of its end on the request's line in
 * the log. Throws EngineError before the first event if the job cannot run.
 */
export function runJob(job: Job, reply: FastifyReply): AsyncIterable<EngineEvent> {
  return summarised(job, reply.server.engine.run(job, jobSignal(reply)), reply)
}

async function* summarised(job: Job, events: AsyncIterable<EngineEvent>, reply: FastifyReply) {
  // A job that fails or is left alone keeps this much.
  reply.jobSummary = { model: job.model.shortName }
  for await (const event of events) {
    if (event.type === 'end') {
      const { promptTokens, cachedTokens, outputTokens, loadMs, promptMs, outputMs } = event.usage
      const numbers = { promptTokens, cachedTokens, outputTokens, loadMs, promptMs, outputMs }
      reply.jobSummary = { ...reply.jobSummary, ...numbers, reason: event.reason }
    }
    yield event
  }
}
