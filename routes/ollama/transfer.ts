import type { FastifyReply } from 'fastify'
import type { TransferEvent } from '../../engine/registry/types.ts'
import { sendStream } from '../wire/stream.ts'
import { ndjson } from './ndjson.ts'

/**
 * Answers with what a pull, a push or a create reports: each event as a line and a failure as the last one, or,
 * without `stream`, the last event alone and a failure with its own status.
 */
export async function sendTransfer(
  reply: FastifyReply,
  events: AsyncIterable<TransferEvent>,
  stream: boolean,
): Promise<object> {
  if (stream) return sendStream(reply, events, ndjson(reply, toLine))
  let last: TransferEvent | undefined
  for await (const event of events) last = event
  return last === undefined ? {} : toLine(last)
}

/** An event as clients know it; a count of 0 is left out, as Go does. */
export function toLine(event: TransferEvent): object {
  if (event.type === 'status') return { status: event.text }
  const { text, digest, total, completed } = event
  return {
    status: text,
    digest,
    ...(total === 0 ? {} : { total }),
    ...(completed === 0 ? {} : { completed }),
  }
}
