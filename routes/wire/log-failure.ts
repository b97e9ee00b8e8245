import type { FastifyReply, FastifyRequest } from 'fastify'

/** Writes the cause of a failure that is not the client's fault to the log. A client that left needs no alarm. */
export function logFailure(
  error: unknown,
  status: number,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (status < 500) return
  if (reply.raw.destroyed) request.log.debug({ err: error }, 'client left')
  else request.log.error({ err: error }, 'request failed')
}
