import type { FastifyReply } from 'fastify'
import { jsonLine } from '../wire/json-line.ts'
import { toProblem } from '../wire/problem.ts'
import { type Encoder, sendStream } from '../wire/stream.ts'
import { toEnvelope } from './error.ts'

/** Ends every stream of this dialect. */
export const DONE = '[DONE]'

/** Proxies and fetch implementations give up on a silent body; 15 s is well under all of their limits. */
const KEEP_ALIVE_MS = 15_000

/** What a stream needs so that nothing between here and the client holds it back. */
const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }

/** Sends items as server-sent events the way OpenAI frames them: nameless, one JSON object a frame. */
export function sendEvents<T extends object>(
  reply: FastifyReply,
  items: AsyncIterable<T | typeof DONE>,
): FastifyReply {
  const encoder: Encoder<T | typeof DONE> = {
    contentType: 'text/event-stream',
    chunk: (item) => (item === DONE ? `data: ${DONE}\n\n` : frame(item)),
    error: (error) => {
      const problem = toProblem(error, reply.server.stopping)
      if (problem.status >= 500) reply.log.error({ err: error }, 'stream failed')
      return frame(toEnvelope(problem))
    },
    keepAlive: { everyMs: KEEP_ALIVE_MS, text: ': ping\n\n' },
  }
  return sendStream(reply.headers(STREAM_HEADERS), items, encoder)
}

const frame = (value: object) => `data: ${jsonLine(value)}\n\n`
