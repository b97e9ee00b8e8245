import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { logFailure } from '../wire/log-failure.ts'
import { type Problem, toProblem } from '../wire/problem.ts'
import { announceRetry } from '../wire/retry-after.ts'

/** Answers any failure as `{"error": "…"}`; the cause of one that is not the client's fault goes to the log. */
export function ollamaError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error, request.server.stopping)
  logFailure(error, problem.status, request, reply)
  announceRetry(reply, problem)
  // A reply that began as a stream has another type by now.
  reply.code(statusOf(problem)).type('application/json; charset=utf-8')
  return reply.send({ error: problem.message })
}

/** Ollama answers 500 to options and formats it cannot use, although the client is to blame. */
function statusOf({ code, status }: Problem): number {
  return code === 'bad_option' || code === 'bad_format' ? 500 : status
}
