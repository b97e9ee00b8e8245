import type { FastifyReply } from 'fastify'
import { jobSignal } from '../wire/run-job.ts'
import { type ChatRequest, toJob } from './chat-job.ts'
import { toChunks, toCompletion } from './chat-reply.ts'
import { newHead } from './head.ts'
import { choicesOf } from './job-fields.ts'
import { findModel } from './lookup.ts'
import { collectAll, runAll } from './run.ts'
import { sendEvents } from './sse.ts'

/** POST /v1/chat/completions. */
export async function chat(body: ChatRequest, reply: FastifyReply) {
  // Before the first wait: a client that leaves meanwhile would go unnoticed.
  const signal = jobSignal(reply)
  const job = toJob(body, await findModel(reply.server, body.model))
  const jobs = choicesOf(job, body.n ?? 1)
  if (!body.stream) {
    const answers = await collectAll(jobs, reply, signal)
    return toCompletion(newHead('chatcmpl', 'chat.completion', body.model), answers)
  }
  const head = newHead('chatcmpl', 'chat.completion.chunk', body.model)
  const includeUsage = body.stream_options?.include_usage ?? false
  const chunks = toChunks(head, runAll(jobs, reply, signal), includeUsage)
  return sendEvents(reply, chunks)
}
