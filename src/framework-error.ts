import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** Answers URLs that no route can be looked up for, such as one with a broken percent sign. No hook has run. */
export function frameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  request.log.info({ err: error }, 'unusable URL')
  const text = `${status} ${(STATUS_CODES[status] ?? '').toLowerCase()}`
  reply.code(status).header('x-request-id', request.id).header('request-id', request.id)
  if (request.url.startsWith('/v1/')) void reply.send({ error: openaiError(text) })
  else void reply.type('text/plain').send(text)
}

/** OpenAI's clients find nothing to show in an error that is not an object. */
const openaiError = (message: string) => ({ message, type: 'invalid_request_error', param: null, code: null })
