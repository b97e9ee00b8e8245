import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** Answers URLs that no route can be looked up for, such as one with a broken percent sign. No hook has run. */
export function frameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  request.log.info({ err: error }, 'unusable URL')
  void reply
    .code(status)
    .header('x-request-id', request.id)
    .header('request-id', request.id)
    .type('text/plain')
    .send(`${status} ${(STATUS_CODES[status] ?? '').toLowerCase()}`)
}
