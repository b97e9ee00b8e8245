import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { EventFeed, FeedMessage } from '../../../routes/snug/event-feed.ts'
import { SOCKET_LIMITS, type SocketLimits, sendToSocket } from '../../../routes/snug/event-socket.ts'

/** One client of a feed that says what the test tells it to, and the server's end of its connection. */
async function connected(limits: Partial<SocketLimits> = {}, clientOptions: WebSocket.ClientOptions = {}) {
  const listeners = new Set<(message: FeedMessage) => void>()
  const feed: EventFeed = {
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    listeners: () => listeners.size,
  }
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = new AbortController()
  const accepted = once(server, 'connection')
  const client = new WebSocket(`ws://127.0.0.1:${port}`, clientOptions)
  onTestFinished(() => client.terminate())
  const opened = once(client, 'open')
  const [socket] = (await accepted) as [WebSocket]
  sendToSocket(socket, feed, stop.signal, { ...SOCKET_LIMITS, ...limits })
  await opened
  let seq = 0
  const say = (text: string, state?: string) => {
    seq += 1
    const message = { seq, json: JSON.stringify({ seq, text }), ...(state === undefined ? {} : { state }) }
    for (const listener of listeners) listener(message)
  }
  const ended = new Promise<number>((resolve) => client.on('close', resolve))
  return { client, socket, feed, stop, say, ended }
}

const LARGE = 'x'.repeat(256 * 1024)

/** Lets the system take what was written. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a client that never reads costs a bounded amount of memory, is let go, and is forgotten', async () => {
  const { client, socket, feed, say } = await connected({ mostWaiting: 8, closeMs: 50 })
  client.pause()
  let most = 0
  // The system takes some megabytes for it before anything has to wait here.
  for (let i = 0; i < 200 && feed.listeners() > 0; i++) {
    say(LARGE)
    most = Math.max(most, socket.bufferedAmount)
    await turn()
  }
  expect(feed.listeners()).toBe(0)
  // One message may go over the limit; the close frame and the frames' heads are small.
  expect(most).toBeLessThan(SOCKET_LIMITS.mostBufferedBytes + LARGE.length + 1000)
  await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED)
})

test('a client that was let go for being slow is told so when it reads on', async () => {
  const { client, feed, say, ended } = await connected({ mostWaiting: 8 })
  client.pause()
  for (let i = 0; i < 200 && feed.listeners() > 0; i++) {
    say(LARGE)
    await turn()
  }
  client.resume()
  expect(await ended).toBe(1013)
})

test('a slow client gets the newest state when it reads on, and how many it missed', async () => {
  const { client, socket, feed, say } = await connected({ mostWaiting: 8 })
  const received: { seq: number; dropped?: number }[] = []
  client.on('message', (data) => received.push(JSON.parse(String(data))))
  client.pause()
  let last = 0
  for (; last < 200 && socket.bufferedAmount < SOCKET_LIMITS.mostBufferedBytes; last++) {
    say(LARGE, 'memory')
    await turn()
  }
  for (const text of ['a', 'b', 'c']) say(text, 'memory')
  expect(feed.listeners()).toBe(1)
  client.resume()
  await expect.poll(() => received.at(-1)?.seq).toBe(last + 3)
  expect(received.at(-1)).toMatchObject({ text: 'c', dropped: 2 })
})

test('a client that does not answer pings is let go', async () => {
  const { feed, ended } = await connected({ pingEveryMs: 20 }, { autoPong: false })
  expect(await ended).toBe(1006)
  await expect.poll(feed.listeners).toBe(0)
})

test('a client that answers pings stays', async () => {
  const { client, socket } = await connected({ pingEveryMs: 20 })
  for (let i = 0; i < 5; i++) await once(client, 'ping')
  expect(socket.readyState).toBe(WebSocket.OPEN)
})

test('pings of a client that reads nothing are not answered without end', async () => {
  const { client, socket, say } = await connected({ mostWaiting: 1000 })
  client.pause()
  for (let i = 0; i < 200 && socket.bufferedAmount < SOCKET_LIMITS.mostBufferedBytes; i++) {
    say(LARGE)
    await turn()
  }
  const before = socket.bufferedAmount
  let pings = 0
  socket.on('ping', () => {
    pings += 1
  })
  // It reads nothing, but it writes.
  for (let i = 0; i < 100; i++) client.ping('x'.repeat(125))
  await expect.poll(() => pings).toBe(100)
  expect(socket.bufferedAmount).toBeLessThanOrEqual(before)
})

test('nothing is left to do for a client that has gone', async () => {
  const { client, socket, feed } = await connected()
  client.close()
  await once(socket, 'close')
  expect(feed.listeners()).toBe(0)
})
