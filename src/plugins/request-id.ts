import { randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'

/** `req_` and 24 hex digits, as the client libraries of OpenAI and Anthropic show it to their users. */
export const newRequestId = (): string => `req_${randomBytes(12).toString('hex')}`

/** Tells the client the id under which the log knows its request; each family of clients reads another header. */
export const requestIdPlugin = fp(
  async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id).header('request-id', request.id)
    })
  },
  { name: 'request-id', fastify: '5.x' },
)
