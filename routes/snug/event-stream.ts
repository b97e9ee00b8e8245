import type { FastifyReply } from 'fastify'
import { clientGone } from '../wire/client-gone.ts'
import { sendStream } from '../wire/stream.ts'
import type { EventFeed } from './event-feed.ts'
import { createOutbox } from './outbox.ts'

/** Proxies give up on a silent body. */
const KEEP_ALIVE_MS = 15_000

/** The same events as server-sent events, for clients without WebSockets. One that falls behind too far is let go. */
export function streamEvents(feed: EventFeed, reply: FastifyReply): FastifyReply {
  reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  const signals = [clientGone(reply), reply.server.stopping]
  return sendStream(reply, waitingMessages(feed, signals), {
    contentType: 'text/event-stream',
    chunk: (json) => `data: ${json}\n\n`,
    // An event source connects again by itself, and gets a snapshot.
    error: () => '',
    keepAlive: { everyMs: KEEP_ALIVE_MS, text: ': ping\n\n' },
  })
}

async function* waitingMessages(feed: EventFeed, signals: readonly AbortSignal[]): AsyncGenerator<string> {
  const outbox = createOutbox()
  let isOver = false
  let wake = () => {}
  const end = () => {
    isOver = true
    wake()
  }
  for (const signal of signals) {
    if (signal.aborted) isOver = true
    else signal.addEventListener('abort', end, { once: true })
  }
  const unsubscribe = feed.subscribe((message) => {
    if (outbox.put(message)) wake()
    else end()
  })
  try {
    while (!isOver) {
      const next = outbox.take()
      if (next !== undefined) yield next
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    unsubscribe()
    for (const signal of signals) signal.removeEventListener('abort', end)
  }
}
