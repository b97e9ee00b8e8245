import { expect, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { SnugEvent } from '../../routes/snug/event-schema.ts'

/** A client of /api/events that keeps what it was sent. A message that is not as documented fails the test. */
export interface EventClient {
  socket: WebSocket
  events: SnugEvent[]
  /** Waits for an event of this type. */
  until(type: SnugEvent['type']): Promise<SnugEvent>
  /** Waits for the end: its number and reason. */
  ended: Promise<[code: number, reason: string]>
}

/** Connects to the server at `url` (http) and waits until the connection is open; it ends with the test at the latest. */
export async function watchEvents(url: string, headers: Record<string, string> = {}): Promise<EventClient> {
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}/api/events`, { headers })
  onTestFinished(() => socket.terminate())
  const events: SnugEvent[] = []
  let fault: unknown
  socket.on('message', (data) => {
    try {
      events.push(SnugEvent.parse(JSON.parse(String(data))))
    } catch (error) {
      fault ??= error
    }
  })
  const ended = new Promise<[number, string]>((resolve) => {
    socket.on('close', (code, reason) => resolve([code, String(reason)]))
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  // A connection that breaks later is seen by its end.
  socket.on('error', () => {})
  const find = (type: SnugEvent['type']) => events.find((event) => event.type === type)
  return {
    socket,
    events,
    ended,
    async until(type) {
      await expect.poll(() => find(type) ?? fault, { timeout: 10_000, interval: 5 }).toBeDefined()
      if (fault !== undefined) throw fault
      return find(type) as SnugEvent
    },
  }
}
