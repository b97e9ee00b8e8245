import type { FastifyReply } from 'fastify'
import { jobSignal } from '../wire/run-job.ts'
import { type CompletionsRequest, toJobs } from './completions-job.ts'
import { toTextChunks, toTextCompletion } from './completions-reply.ts'
import { newHead } from './head.ts'
import { findModel } from './lookup.ts'
import { collectAll, runAll } from './run.ts'
import { sendEvents } from './sse.ts'

/** POST /v1/completions. `isRaw`: prompts go without the chat template unless the request says otherwise. */
export async function completions(body: CompletionsRequest, reply: FastifyReply, isRaw: boolean) {
  // Before the first wait: a client that leaves meanwhile would go unnoticed.
  const signal = jobSignal(reply)
  const jobs = toJobs(body, await findModel(reply.server, body.model), isRaw)
  const shown = {
    echoes: body.echo
      ? jobs.map(({ prompt }) => ({ text: typeof prompt === 'string' ? prompt : undefined }))
      : [],
    hasLogprobs: body.logprobs !== undefined,
  }
  const head = newHead('cmpl', 'text_completion', body.model)
  if (!body.stream) return toTextCompletion(head, await collectAll(jobs, reply, signal), shown)
  const includeUsage = body.stream_options?.include_usage ?? false
  const chunks = toTextChunks(head, runAll(jobs, reply, signal), shown, includeUsage)
  return sendEvents(reply, chunks)
}
