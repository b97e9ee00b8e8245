import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Asker } from '../../engine/types.ts'

/** A name, not a place to keep things: what is longer is cut. */
const MOST_NAME = 128

const Headers = z.object({
  authorization: z.string().optional(),
  'x-api-key': z.string().optional(),
  'x-snug-client': z.string().optional(),
  // Another word than these is nobody's harm: it counts as said nothing.
  'x-snug-priority': z.enum(['interactive', 'batch']).optional().catch(undefined),
})

/**
 * Who asks, for the scheduler to be fair to: the API key, or else the name in `x-snug-client`, or else the address.
 * A job that has to wait is told its place in `x-snug-queue-position`, as long as there are headers to send.
 */
export function askerOf(reply: FastifyReply): Asker {
  const { request } = reply
  const { data: headers = {} } = Headers.safeParse(request.headers)
  const key = headers.authorization ?? headers['x-api-key']
  const name = headers['x-snug-client']
  const client = key ? `key ${key}` : name ? `name ${name}` : `address ${request.ip}`
  return {
    client: client.slice(0, MOST_NAME),
    priority: headers['x-snug-priority'] ?? 'interactive',
    onQueued(position) {
      // Not reply.header: a stream may have taken its headers over already, though nothing was sent.
      if (!reply.raw.headersSent) reply.raw.setHeader('x-snug-queue-position', position)
    },
  }
}
