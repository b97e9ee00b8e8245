import type { WebSocket } from 'ws'
import type { EventFeed } from './event-feed.ts'
import { createOutbox, MOST_WAITING } from './outbox.ts'

export interface SocketLimits {
  /** Messages that may wait for the client, see Outbox. */
  mostWaiting: number
  /** Bytes handed to the socket and not yet taken by the system; what comes then waits in the outbox. */
  mostBufferedBytes: number
  /** How often the client has to show that it is there. */
  pingEveryMs: number
  /** How long it may take to answer a close. */
  closeMs: number
}

export const SOCKET_LIMITS: SocketLimits = {
  mostWaiting: MOST_WAITING,
  mostBufferedBytes: 64 * 1024,
  pingEveryMs: 30_000,
  closeMs: 2_000,
}

/** Why the server ends a connection, in the protocol's numbers (RFC 6455, 7.4.1 and its registry). */
const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

/** Sends every event to one client until it leaves, falls behind too far, or `stopping` aborts. */
export function sendToSocket(
  socket: WebSocket,
  feed: EventFeed,
  stopping: AbortSignal,
  limits: SocketLimits = SOCKET_LIMITS,
): void {
  const outbox = createOutbox(limits.mostWaiting)
  let hasAnswered = true
  let impatience: NodeJS.Timeout | undefined

  function pump(): void {
    while (socket.readyState === socket.OPEN && socket.bufferedAmount < limits.mostBufferedBytes) {
      const text = outbox.take()
      if (text === undefined) return
      // Called when the system has taken it: there may be room for the next.
      socket.send(text, pump)
    }
  }

  function leave(): void {
    unsubscribe()
    clearInterval(beat)
    stopping.removeEventListener('abort', stop)
  }

  /** Says why, and does not wait for long for a client that may never read it. */
  function end(code: number, reason: string): void {
    leave()
    socket.close(code, reason)
    impatience ??= setTimeout(() => socket.terminate(), limits.closeMs)
  }

  const stop = () => end(GOING_AWAY, 'server is shutting down')

  const beat = setInterval(() => {
    if (!hasAnswered) {
      socket.terminate()
      return
    }
    hasAnswered = false
    socket.ping()
  }, limits.pingEveryMs).unref()

  socket.on('pong', () => {
    hasAnswered = true
  })
  // Not left to the library: it would answer without end a client that pings and never reads.
  socket.on('ping', (data) => {
    if (socket.bufferedAmount < limits.mostBufferedBytes) socket.pong(data)
  })
  // The library has begun to close the connection, with a number that says what was wrong with the client.
  socket.on('error', () => {
    leave()
    impatience ??= setTimeout(() => socket.terminate(), limits.closeMs)
  })
  socket.on('close', () => {
    leave()
    clearTimeout(impatience)
  })

  const unsubscribe = feed.subscribe((message) => {
    if (outbox.put(message)) pump()
    else end(TRY_AGAIN_LATER, 'too slow: events were lost')
  })
  if (stopping.aborted) stop()
  else stopping.addEventListener('abort', stop, { once: true })
}
