import type { FastifyReply } from 'fastify'

/** Aborts when the socket closes before the reply is finished, that is, when the client walks away. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  const leave = () => {
    if (!reply.raw.writableFinished) gone.abort()
  }
  // Not request.signal: that one aborts as soon as the body of a POST has been read.
  reply.raw.once('close', leave)
  // A client may have left while the handler was looking for the model: that event will not come again.
  if (reply.raw.closed) leave()
  return gone.signal
}
