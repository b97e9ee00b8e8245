import type { FastifyReply } from 'fastify'
import { type Answer, collect } from '../../engine/collect.ts'
import { parseOptions } from '../../engine/options.ts'
import type { Engine, EngineEvent, Job, RenderedPrompt } from '../../engine/types.ts'
import { askerOf } from '../wire/asker.ts'
import { announceChoice, jobSignal, runJob } from '../wire/run-job.ts'
import { sendStream } from '../wire/stream.ts'
import { readFormat } from './format.ts'
import type { JobFields } from './job-fields.ts'
import { ndjson } from './ndjson.ts'
import { withRemote } from './remote-writer.ts'

/** How an endpoint writes what a job gives. */
export interface Writer {
  loaded: () => object
  /** One line of a stream; undefined for an event that has none. */
  line: (event: EngineEvent) => object | undefined
  answer: (answer: Answer) => object
  prompt: (prompt: RenderedPrompt) => object
}

/**
 * What /api/generate and /api/chat do alike once they know the job, in Ollama's order: refuse what the model
 * cannot do, then wrong options; load, when there is nothing to answer; then format, and the answer.
 */
export async function answerJob(
  engine: Engine,
  asked: Job,
  body: JobFields,
  reply: FastifyReply,
  { isEmpty, write: plain }: { isEmpty: boolean; write: Writer },
): Promise<object> {
  const write = withRemote(asked.model, plain)
  engine.check(asked)
  const options = parseOptions(body.options ?? {})
  if (isEmpty) {
    announceChoice(reply, asked)
    await engine.load({ ...asked, options, ...askerOf(reply) }, jobSignal(reply))
    return write.loaded()
  }
  const format = readFormat(body.format)
  const job = { ...asked, options, ...(format === undefined ? {} : { format }) }
  if (body._debug_render_only) return write.prompt(engine.render(job))
  const events = runJob(job, reply)
  if (body.stream) return sendStream(reply, events, ndjson(reply, write.line))
  return write.answer(await collect(events))
}
