import { expect, test } from 'vitest'
import { openSocket, postRequest } from '../../helpers/socket.ts'
import { serve } from '../ollama/serve.ts'

/** What Java's HTTP client adds to its first request on a connection. */
const OFFER =
  'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'
const withOffer = (request: string) => request.replace('\r\n\r\n', `\r\n${OFFER}\r\n`)

const body = { model: 'tiny', prompt: 'a', stream: false }

test('a client that offers HTTP/2, as the one of Java does, gets its answer by HTTP/1.1', async () => {
  const { url } = await serve()
  const socket = await openSocket(await url())
  socket.send(withOffer(postRequest('/api/generate', body)))
  await socket.until('"response":"Hello world"')
  expect(socket.received()).toMatch(/^HTTP\/1\.1 200 /)
})

test('the connection can be used for further requests, with and without the offer', async () => {
  const { url } = await serve()
  const socket = await openSocket(await url())
  socket.post('/api/generate', { ...body, prompt: 'first' })
  await socket.until('"done":true')
  for (const model of ['no-such-model', 'nor-this-one']) {
    socket.send(withOffer(postRequest('/api/generate', { ...body, model })))
    await socket.until(`model '${model}' not found`)
  }
})

test('a body that comes later than its head arrives whole', async () => {
  const { url, prompts } = await serve()
  const socket = await openSocket(await url())
  const request = withOffer(postRequest('/api/generate', { ...body, raw: true, prompt: 'x'.repeat(100_000) }))
  const half = request.length - 50_000
  socket.send(request.slice(0, half))
  // The head has arrived and was put back by the time another connection has got its answer.
  const other = await openSocket(await url())
  other.send('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await other.until('Ollama is running')
  socket.send(request.slice(half))
  await socket.until('"done":true')
  expect(prompts()).toEqual(['x'.repeat(100_000)])
})

test('a WebSocket to another address is answered as a plain request', async () => {
  const { url } = await serve()
  const socket = await openSocket(await url())
  socket.send(
    'GET /api/version HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
  )
  await socket.until('"version":"0.33.0"')
  expect(socket.received()).toMatch(/^HTTP\/1\.1 200 /)
})

test('a page of another origin cannot get past the check by asking for an upgrade', async () => {
  const { url } = await serve()
  const socket = await openSocket(await url())
  socket.send(withOffer('GET /api/tags HTTP/1.1\r\nhost: localhost\r\norigin: http://evil.example\r\n\r\n'))
  await socket.until('\r\n\r\n')
  expect(socket.received()).toMatch(/^HTTP\/1\.1 403 /)
})
