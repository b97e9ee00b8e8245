import type { FastifyReply } from 'fastify'
import { isAuto } from '../../engine/planning/variants.ts'
import type { EngineEvent, Job } from '../../engine/types.ts'
import { askerOf } from './asker.ts'
import { clientGone } from './client-gone.ts'

/** Aborts when there is nobody left to work for: the client behind `reply` left, or the server closes. */
export function jobSignal(reply: FastifyReply): AbortSignal {
  const { stopping } = reply.server
  const job = new AbortController()
  const gone = clientGone(reply)
  const follow = (signal: AbortSignal) => {
    const abort = () => job.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    return () => signal.removeEventListener('abort', abort)
  }
  follow(gone)
  // Not AbortSignal.any: what it makes of a signal that lives as long as the server is never freed (Node 20).
  const forget = follow(stopping)
  reply.raw.once('close', forget)
  if (reply.raw.closed) forget()
  return job.signal
}

/**
 * The events of a job for the client behind `reply`, and the numbers of its end on the request's line in
 * the log. Throws EngineError before the first event if the job cannot run.
 */
export function runJob(job: Job, reply: FastifyReply): AsyncIterable<EngineEvent> {
  return summarised(job, reply.server.engine.run({ ...job, ...askerOf(reply) }, jobSignal(reply)), reply)
}

async function* summarised(job: Job, events: AsyncIterable<EngineEvent>, reply: FastifyReply) {
  announceChoice(reply, job)
  // A job that fails or is left alone keeps this much.
  reply.jobSummary = { model: job.model.shortName }
  for await (const event of events) {
    if (event.type === 'started') announceDropped(reply, event.droppedTokens)
    if (event.type === 'end') {
      // Thoughts count as output, and the whole is in the time of the line.
      const { thinkingTokens: _, totalMs: __, ...numbers } = event.usage
      reply.jobSummary = { ...reply.jobSummary, ...numbers, reason: event.reason }
    }
    yield event
  }
}

/** Tells a client that left the choice to the server which model answers; the answer itself repeats the name asked for. */
export function announceChoice(
  reply: FastifyReply,
  { rawName, model }: Pick<Job, 'rawName' | 'model'>,
): void {
  if (!isAuto(rawName) || reply.raw.headersSent) return
  // As below.
  reply.raw.setHeader('x-snug-model', model.shortName)
}

/** Tells the client that its prompt was cut, in a header, while there still are headers to send. */
export function announceDropped(reply: FastifyReply, tokens: number | undefined): void {
  if (tokens === undefined || reply.raw.headersSent) return
  // Not reply.header: a stream may have taken its headers over already, though nothing was sent.
  reply.raw.setHeader('x-snug-dropped-tokens', tokens)
}
