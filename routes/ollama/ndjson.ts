import type { FastifyReply } from 'fastify'
import { jsonLine } from '../wire/json-line.ts'
import { toProblem } from '../wire/problem.ts'
import type { Encoder } from '../wire/stream.ts'

/**
 * One JSON object a line, as Ollama streams. `toLine` gives undefined for an item that says nothing; a
 * stream that fails after its first line ends with `{"error": "…"}`.
 */
export function ndjson<T>(reply: FastifyReply, toLine: (item: T) => object | undefined): Encoder<T> {
  return {
    contentType: 'application/x-ndjson',
    chunk: (item) => {
      const line = toLine(item)
      return line === undefined ? '' : `${jsonLine(line)}\n`
    },
    error: (error) => {
      const { status, message } = toProblem(error, reply.server.stopping)
      if (status >= 500) reply.log.error({ err: error }, 'stream failed')
      return `${jsonLine({ error: message })}\n`
    },
  }
}
