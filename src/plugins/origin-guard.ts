import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Origins } from '../../config/origins.ts'
import { isLoopback, trustedHost } from './trusted-host.ts'

const METHODS = 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS'

/** What Ollama lets pages send. */
const REQUEST_HEADERS =
  'Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,' +
  'X-Stainless-Async,X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,' +
  'X-Stainless-Os,X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,' +
  'X-Stainless-Runtime,X-Stainless-Runtime-Version,X-Stainless-Timeout'

/** What pages may read besides the few headers that browsers always show. */
const RESPONSE_HEADERS = 'x-request-id,request-id,retry-after,x-snug-queue-position'

/**
 * Keeps web pages out that have no business here: those of other origins, and those that reach a server on
 * loopback through a name of their own (DNS rebinding). Both get 403 without a body, on every path.
 */
export const originGuardPlugin = fp<{ host: string; origins: Origins }>(
  async (app, { host, origins }) => {
    let isLocalOnly = isLoopback(host)
    app.addHook('onListen', async () => {
      // What counts is the address that a configured name stands for.
      const bound = app.server.address()
      if (typeof bound === 'object' && bound !== null) isLocalOnly = isLoopback(bound.address)
    })
    app.addHook('onRequest', async (request, reply) => {
      const origin = foreignOrigin(request)
      if (origin === undefined) return
      if (!origins.allows(origin)) return reply.code(403).send()
      reply.headers(grant(origin, origins))
      if (request.method === 'OPTIONS') return preflight(request, reply)
    })
    app.addHook('onRequest', async (request, reply) => {
      if (!isLocalOnly) return
      const trusted = trustedHost(request.headers.host ?? '')
      if (trusted === undefined) return reply.code(403).send()
      if (trusted === 'name' && request.method === 'OPTIONS') return reply.code(204).send()
    })
  },
  { name: 'origin-guard', fastify: '5.x' },
)

/** The page's origin, unless this server delivered the page itself. */
function foreignOrigin({ headers: { origin, host } }: FastifyRequest): string | undefined {
  if (origin === undefined || origin === '') return undefined
  return origin === `http://${host}` || origin === `https://${host}` ? undefined : origin
}

function grant(origin: string, { any }: Origins): Record<string, string> {
  const exposed = { 'access-control-expose-headers': RESPONSE_HEADERS }
  if (any) return { ...exposed, 'access-control-allow-origin': '*' }
  return { ...exposed, 'access-control-allow-origin': origin, vary: 'Origin' }
}

/**
 * Besides Ollama's list a page may send what it asks for: the libraries of Anthropic and others bring
 * headers of their own, and a header cannot do what the origin was not trusted with.
 */
function preflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = request.headers['access-control-request-headers']
  return reply
    .code(204)
    .header('access-control-allow-methods', METHODS)
    .header('access-control-allow-headers', asked ? `${REQUEST_HEADERS},${asked}` : REQUEST_HEADERS)
    .header('access-control-max-age', '43200')
    .send()
}
