import { expect, test } from 'vitest'
import { openSocket } from '../../helpers/socket.ts'
import { serve } from './serve.ts'

const FULL = 'server busy, please try again.  maximum pending requests exceeded'
/** Only the first answer takes long. */
const slow = { answers: [{ steps: [{ waitMs: 60_000 }] }, { steps: ['Hello'] }] }

/** A server on which one request is at work and, where asked for, others wait. */
async function busyServer(settings: object, waiting = 0) {
  const server = await serve({ settings, script: slow })
  const address = await server.url()
  const sockets = [await openSocket(address)]
  sockets[0]?.post('/api/generate', { model: 'tiny', prompt: 'a' })
  await expect.poll(() => server.backend.requests.length).toBe(1)
  for (let i = 0; i < waiting; i++) {
    const socket = await openSocket(address)
    socket.post('/api/generate', { model: 'tiny', prompt: 'b' })
    sockets.push(socket)
    await expect.poll(async () => (await server.engine.pulse(1000)).waiting).toBe(i + 1)
  }
  const leave = async () => {
    for (const socket of sockets) socket.hangUp()
    await expect.poll(() => server.engine.pulse(1000)).toMatchObject({ waiting: 0 })
  }
  return { ...server, leave }
}

test('ollama 163: when the queue is full the next request gets 503 and is told when to come back', async () => {
  const { generate, leave } = await busyServer({ maxQueue: 1 }, 1)
  const refused = await generate({ model: 'tiny', prompt: 'c' })
  expect([refused.status, refused.body, refused.headers['retry-after']]).toEqual([503, { error: FULL }, '1'])
  await leave()
})

test.each([1, 3])(
  'ollama 163: with OLLAMA_MAX_QUEUE=%d so many wait, and only the next gets 503, at once',
  async (maxQueue) => {
    const { generate, engine, backend, leave } = await busyServer({ maxQueue }, maxQueue)
    expect((await generate({ model: 'tiny', prompt: 'c' })).status).toBe(503)
    expect(await engine.pulse(1000)).toMatchObject({ waiting: maxQueue })
    await leave()
    expect((await generate({ model: 'tiny', prompt: 'd' })).status).toBe(200)
    expect(backend.requests.length).toBeLessThanOrEqual(2 + maxQueue)
  },
)

test('a client with too many requests gets 429, one with another name does not', async () => {
  const { http, leave } = await busyServer({ maxPerClient: 1 })
  const body = { model: 'tiny', keep_alive: 60 }
  const refused = await http.post('/api/generate').send(body)
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
  const other = await http.post('/api/generate').set('x-snug-client', 'another').send(body)
  expect(other.status).toBe(200)
  await leave()
})

test('ollama 166: a request beyond those that run at once waits, and is told its place', async () => {
  const { url, backend, engine, leave } = await busyServer({ parallel: 1 }, 1)
  const asked = fetch(`${await url()}/api/generate`, {
    method: 'POST',
    body: JSON.stringify({ model: 'tiny', prompt: 'c' }),
  })
  await expect.poll(async () => (await engine.pulse(1000)).waiting).toBe(2)
  expect(backend.requests).toHaveLength(1)
  await leave()
  expect((await asked).headers.get('x-snug-queue-position')).toBe('2')
})
