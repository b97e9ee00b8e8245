import { expect, test } from 'vitest'
import type { EngineSettings } from '../../../engine/settings.ts'
import { testApp } from '../../helpers/app.ts'
import { watchEvents } from '../../helpers/event-client.ts'
import { openSocket } from '../../helpers/socket.ts'
import { serve } from '../ollama/serve.ts'

const UPGRADE = [
  'GET /api/events HTTP/1.1',
  'host: localhost',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
]
const upgradeRequest = (...more: string[]) => `${[...UPGRADE, ...more].join('\r\n')}\r\n\r\n`

/** `n` events that stand for themselves. */
function reportFailures({ activity }: Awaited<ReturnType<typeof testApp>>, n: number): void {
  for (let i = 0; i < n; i++) {
    activity.report({ type: 'load-failed', model: `m${i}`, code: 'load_failed', message: 'no' })
  }
}

test('a client sees what is there, then how a model is loaded, used and unloaded', async () => {
  const { generate, url } = await serve({ models: ['tiny', 'msg'] })
  await generate({ model: 'msg', prompt: 'a', options: { num_ctx: 100 } })
  const client = await watchEvents(await url())
  const snapshot = await client.until('snapshot')
  expect(snapshot).toMatchObject({
    models: [
      {
        model: 'msg:latest',
        size: 1_000_000,
        memory: { RAM: 1_000_000 },
        context_length: 100,
        busy_slots: 0,
      },
    ],
    loading: [],
  })
  await generate({ model: 'tiny', prompt: 'a' })
  await generate({ model: 'tiny', keep_alive: 0 })
  expect(await client.until('evicted')).toMatchObject({ model: 'tiny:latest', reason: 'asked' })
  const story = client.events.filter(({ type }) => !['speed', 'memory', 'queue', 'snapshot'].includes(type))
  expect(story.map(({ type }) => type)).toEqual([
    'load-started',
    'load-progress',
    'load-progress',
    'loaded',
    'evicted',
  ])
  expect(story[3]).toMatchObject({ model: 'tiny:latest', actual: { RAM: 1_000_000 } })
  const queue = client.events.filter((event) => event.type === 'queue')
  expect(queue.map(({ waiting, running }) => [waiting, running])).toEqual([
    [1, 0],
    [0, 1],
    [0, 0],
  ])
})

test('events are numbered without a gap, from the snapshot on', async () => {
  const server = await testApp({ models: [] })
  const first = await watchEvents(await server.url())
  reportFailures(server, 5)
  await expect.poll(() => first.events.length).toBe(6)
  const second = await watchEvents(await server.url())
  reportFailures(server, 1)
  await expect.poll(() => second.events.length).toBe(2)
  expect(first.events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(second.events.map(({ seq }) => seq)).toEqual([5, 6])
})

test.each<[string, Partial<EngineSettings>, object[], string, string]>([
  ['when its time is over', {}, [{ model: 'tiny', keep_alive: 0.05 }], 'tiny:latest', 'keep-alive'],
  ['for another one', { maxLoadedModels: 1 }, [{ model: 'tiny' }, { model: 'msg' }], 'tiny:latest', 'limit'],
  [
    'for other options',
    {},
    [{ model: 'tiny' }, { model: 'tiny', options: { num_ctx: 8000 } }],
    'tiny:latest',
    'reload',
  ],
])('clients are told that a model left memory %s', async (_how, settings, requests, model, reason) => {
  const { generate, url } = await serve({ models: ['tiny', 'msg'], settings })
  const client = await watchEvents(await url())
  for (const body of requests) await generate({ prompt: 'a', ...body })
  expect(await client.until('evicted')).toMatchObject({ model, reason })
})

test('a load that fails is told with its reason', async () => {
  const { generate, url } = await serve({ script: { loadError: new Error('out of luck') } })
  const client = await watchEvents(await url())
  await generate({ model: 'tiny', prompt: 'a' })
  expect(await client.until('load-failed')).toMatchObject({
    model: 'tiny:latest',
    code: 'load_failed',
    message: 'out of luck',
  })
})

test('a page of another origin is refused before it gets a socket', async () => {
  const { url } = await testApp({ models: [] })
  const socket = await openSocket(await url())
  socket.send(upgradeRequest('origin: http://evil.example'))
  await socket.closed
  expect(socket.received()).toMatch(/^HTTP\/1\.1 403 /)
  expect(socket.received()).not.toContain('101 Switching')
})

test('a name that somebody else could point at this machine is refused too', async () => {
  const { url } = await testApp({ models: [] })
  await expect(watchEvents(await url(), { host: 'evil.example' })).rejects.toThrow('403')
})

test('a page on this machine may listen', async () => {
  const { url } = await testApp({ models: [] })
  const client = await watchEvents(await url(), { origin: 'http://localhost:3000' })
  expect(await client.until('snapshot')).toMatchObject({ models: [] })
})

test('of a hundred clients one never reads, and the others miss nothing', async () => {
  const server = await testApp({ models: [] })
  const url = await server.url()
  const clients = await Promise.all(Array.from({ length: 100 }, () => watchEvents(url)))
  const [sleeper, ...readers] = clients
  sleeper?.socket.pause()
  for (let round = 0; round < 20; round++) {
    reportFailures(server, 10)
    // So that what was written reaches the system, as it would with events that come one by one.
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const { events } of readers) await expect.poll(() => events.length, { timeout: 15_000 }).toBe(201)
  const numbers = Array.from({ length: 201 }, (_, i) => i)
  for (const { events } of readers) expect(events.map(({ seq }) => seq)).toEqual(numbers)
})

test('when the server stops, clients are told that it goes away', async () => {
  const { app, url } = await testApp({ models: [] })
  const client = await watchEvents(await url())
  await app.close()
  expect(await client.ended).toEqual([1001, 'server is shutting down'])
})

test('a client that never reads does not keep the server from stopping', async () => {
  const { app, url } = await testApp({ models: [] })
  const socket = await openSocket(await url())
  socket.send(upgradeRequest())
  await socket.until('"snapshot"')
  socket.pause()
  await app.close()
})

test('a frame that is too large ends the connection with 1009', async () => {
  const { url } = await testApp({ models: [] })
  const client = await watchEvents(await url())
  client.socket.send('x'.repeat(2000))
  expect((await client.ended)[0]).toBe(1009)
})

test('what clients say is ignored, and pings are answered', async () => {
  const server = await testApp({ models: [] })
  const client = await watchEvents(await server.url())
  client.socket.send('{"subscribe":"all"}')
  const pong = new Promise((resolve) => client.socket.once('pong', (data) => resolve(String(data))))
  client.socket.ping('are you there')
  expect(await pong).toBe('are you there')
  reportFailures(server, 1)
  expect(await client.until('load-failed')).toMatchObject({ model: 'm0:latest' })
})

test('a malformed handshake is refused', async () => {
  const { url } = await testApp({ models: [] })
  const socket = await openSocket(await url())
  socket.send(upgradeRequest().replace('sec-websocket-key', 'x-key'))
  await socket.closed
  expect(socket.received()).toMatch(/^HTTP\/1\.1 400 /)
})

test('a client without WebSockets gets the same events as a stream', async () => {
  const server = await testApp({ models: [] })
  const stop = new AbortController()
  const reply = await fetch(`${await server.url()}/api/events`, {
    headers: { accept: 'text/event-stream' },
    signal: stop.signal,
  })
  expect(reply.headers.get('content-type')).toBe('text/event-stream')
  const pieces = reply.body?.pipeThrough(new TextDecoderStream())
  let text = ''
  for await (const piece of pieces ?? []) {
    if (text === '') reportFailures(server, 1)
    text += piece
    if (text.includes('load-failed')) break
  }
  stop.abort()
  expect(text).toMatch(/^data: \{"seq":0,.*"type":"snapshot".*\}\n\ndata: \{"seq":1,.*\}\n\n$/)
})

test('a stream of events ends when the server stops', async () => {
  const { app, url } = await testApp({ models: [] })
  const reply = await fetch(`${await url()}/api/events`, { headers: { accept: 'text/event-stream' } })
  await app.close()
  expect(await reply.text()).toContain('snapshot')
})

test('a request that is neither is told what to do', async () => {
  const { app } = await testApp({ models: [] })
  const reply = await app.inject('/api/events')
  expect(reply.statusCode).toBe(426)
  expect(reply.headers.upgrade).toBe('websocket')
  expect(reply.json()).toEqual({ error: 'connect with a WebSocket, or accept text/event-stream' })
})
