import type { FastifyReply } from 'fastify'
import type { Problem } from './problem.ts'

/** Tells a client that was turned away when it is worth asking again. */
export function announceRetry(reply: FastifyReply, { code, details }: Problem): void {
  if (code === 'busy' || code === 'rate_limited')
    reply.header('retry-after', String(details.retryAfterS ?? 1))
}
