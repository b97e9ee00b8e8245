import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import type { Step } from '../../helpers/scripted-backend.ts'
import { openSocket, postRequest } from '../../helpers/socket.ts'
import { serve, user } from './serve.ts'

const endless = (): { answers: { steps: Step[] }[] } => ({
  answers: [{ steps: Array.from({ length: 10_000 }, () => [{ waitMs: 5 }, 'x']).flat() }, { steps: ['y'] }],
})
const ask = { model: 'msg', messages: [user('Hi')] }

describe('ollama 65: a client that hangs up', () => {
  test.each([
    ['/api/chat', ask, '"content":"x"'],
    ['/api/generate', { model: 'msg', prompt: 'Hi' }, '"response":"x"'],
  ])('ollama 65: in the middle of %s stops the engine and frees its place', async (path, body, piece) => {
    const { url, backend, chat } = await serve({ models: ['msg'], script: endless() })
    const socket = await openSocket(await url())
    socket.post(path, body)
    await socket.until(piece)
    socket.hangUp()
    await expect.poll(() => backend.endings, { timeout: 1000, interval: 5 }).toEqual(['aborted'])
    expect((await chat(ask)).body.message.content).toBe('y')
  })

  test('while its whole answer is gathered stops the engine as well', async () => {
    const { url, backend } = await serve({ models: ['msg'], script: endless() })
    const socket = await openSocket(await url())
    socket.post('/api/chat', { ...ask, stream: false })
    await expect.poll(() => backend.requests.length).toBe(1)
    socket.hangUp()
    await expect.poll(() => backend.endings, { timeout: 1000, interval: 5 }).toEqual(['aborted'])
  })

  test('ollama 167: while the model is loaded stops the load, and the next request loads cleanly', async () => {
    const { url, backend, chat, ps } = await serve({ models: ['msg'], script: { loadMs: 300 } })
    const socket = await openSocket(await url())
    socket.post('/api/chat', ask)
    await expect.poll(() => backend.plans.length).toBe(1)
    socket.hangUp()
    expect((await chat(ask)).status).toBe(200)
    expect(backend.requests).toHaveLength(1)
    expect(await ps()).toHaveLength(1)
  })
})

test('a client that reads slowly slows the engine, and memory stays bounded', async () => {
  const total = 3000
  let said = 0
  const piece = 'x'.repeat(64 * 1024)
  const steps: Step[] = Array.from({ length: total }, () => ({
    get waitMs() {
      said += 1
      return 0
    },
  })).flatMap((wait) => [wait, piece])
  const { url, backend } = await serve({ models: ['msg'], script: { answers: [{ steps }] } })
  const socket = await openSocket(await url())
  socket.post('/api/chat', ask)
  await socket.until('"done":false')
  socket.pause()
  let seen = -1
  // The kernel's buffers take some; then nothing moves any more.
  const isStill = () => {
    const was = seen
    seen = said
    return said > 0 && was === said
  }
  await expect.poll(isStill, { timeout: 10_000, interval: 300 }).toBe(true)
  expect(said).toBeLessThan(total / 3)
  expect(backend.endings).toEqual([])
  socket.hangUp()
  await expect.poll(() => backend.endings).toEqual(['aborted'])
})

test('a body that comes in parts is read as one', async () => {
  const { url } = await serve({ models: ['msg'] })
  const socket = await openSocket(await url())
  const bytes = postRequest('/api/chat', { ...ask, stream: false })
  const middle = bytes.length - 20
  socket.send(bytes.slice(0, middle))
  const probe = await openSocket(await url())
  probe.send('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await probe.until('Ollama is running')
  expect(socket.received()).toBe('')
  socket.send(bytes.slice(middle))
  await socket.until('Hello world')
})

test('a client that leaves in the middle of its body starts nothing', async () => {
  const { url, backend, http } = await serve({ models: ['msg'] })
  const socket = await openSocket(await url())
  socket.send(postRequest('/api/chat', ask).slice(0, -10))
  socket.hangUp()
  await socket.closed
  expect((await http.get('/api/version')).status).toBe(200)
  expect(backend.plans).toEqual([])
})

test('two requests sent at once on one connection are answered in order', async () => {
  const { url } = await serve({ models: ['msg'] })
  const socket = await openSocket(await url())
  const load = postRequest('/api/chat', { model: 'msg' })
  socket.send(load + postRequest('/api/chat', { ...ask, stream: false }))
  await socket.until('Hello world')
  const text = socket.received()
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  expect(text.indexOf('"done_reason":"load"')).toBeLessThan(text.indexOf('Hello world'))
})

describe('a server that closes', () => {
  test('ends open streams with a last line that says why', async () => {
    const { app, url, backend } = await serve({ models: ['msg'], script: endless() })
    const socket = await openSocket(await url())
    socket.post('/api/chat', ask)
    await socket.until('"content":"x"')
    await app.close()
    await socket.closed
    expect(socket.received()).toContain('{"error":"server is shutting down"}\n')
    expect(socket.received()).not.toContain('"done":true')
    expect(backend.endings).toEqual(['aborted'])
  })

  test('answers with a status where nothing was said yet', async () => {
    const { app, url, backend } = await serve({ models: ['msg'], script: endless() })
    const socket = await openSocket(await url())
    socket.post('/api/chat', { ...ask, stream: false })
    await expect.poll(() => backend.requests.length).toBe(1)
    await app.close()
    await socket.closed
    expect(socket.received()).toContain('HTTP/1.1 503 ')
    expect(socket.received()).toContain('{"error":"server is shutting down"}')
  })
})

test('a failure in the middle of a stream leaves the server in order', async () => {
  const fail = new EngineError('runner_died', 'model runner has unexpectedly stopped')
  const { url, chat } = await serve({
    models: ['msg'],
    script: { answers: [{ steps: ['a', { fail }] }, { steps: ['b'] }] },
  })
  const socket = await openSocket(await url())
  socket.post('/api/chat', ask)
  await socket.until('{"error":"model runner has unexpectedly stopped"}\n')
  expect((await chat(ask)).body.message.content).toBe('b')
})
