import type { FastifyReply } from 'fastify'
import type { TransferEvent } from '../../engine/registry/types.ts'
import { sendStream } from '../wire/stream.ts'
import { ndjson } from './ndjson.ts'
import { omitEmpty } from './omit-empty.ts'

/** Answers create, pull and push: each event as a line, or only the last one. */
export async function sendTransfer(
  reply: FastifyReply,
  events: AsyncIterable<TransferEvent>,
  isStream: boolean,
): Promise<object> {
  if (isStream) return sendStream(reply, events, ndjson(reply, toLine))
  let last: TransferEvent = { type: 'status', text: 'success' }
  for await (const event of events) last = event
  // Bytes, because Fastify adds a charset to the type of texts.
  return reply.type('application/json').send(Buffer.from(JSON.stringify(toLine(last))))
}

/** A ProgressResponse of ollama api/types.go. */
export function toLine(event: TransferEvent): object {
  if (event.type === 'status') return { status: event.text }
  const { text, digest, total, completed } = event
  return { status: text, digest, ...omitEmpty({ total, completed }) }
}
