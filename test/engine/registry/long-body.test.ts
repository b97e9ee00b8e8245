import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { giveBack } from '../../../engine/registry/read-slabs.ts'
import { createTransport, readingFrom } from '../../../engine/registry/transport.ts'
import { noise } from '../../helpers/pull/memory-blob.ts'

const CONTENT = noise(24 * 1024 * 1024)

interface Peer {
  url: URL
  /** Resolves when the client's connection has closed. */
  closed: Promise<unknown>
}

/** A server of one connection that answers the first request by `answer`. */
async function serving(answer: (socket: Socket) => void): Promise<Peer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const connection = new Promise<Socket>((resolve) => void server.once('connection', resolve))
  const closed = connection.then(async (socket) => {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'data')
    const close = new Promise((resolve) => void socket.once('close', resolve))
    answer(socket)
    return close
  })
  const { port } = server.address() as AddressInfo
  return { url: new URL(`http://127.0.0.1:${port}/blob`), closed }
}

const headers = (more: string) => `HTTP/1.1 200 OK\r\n${more}\r\n\r\n`
const withLength = headers(`content-length: ${CONTENT.length}`)

/** The chunks of a long answer, in place of a body that is too large to be kept. */
async function* chunksOf(url: URL): AsyncGenerator<Uint8Array> {
  const transport = createTransport({ userAgent: 'test' })
  onTestFinished(() => transport.close())
  const request = {
    method: 'GET',
    url,
    reach: 'any',
    isLong: true,
    signal: AbortSignal.timeout(20_000),
  } as const
  yield* readingFrom(await transport.send(request), request)
}

/** Reads everything and compares it with what was sent; the number of bytes, and of those that were read into slabs. */
async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: number; inSlabs: number }> {
  let bytes = 0
  let inSlabs = 0
  for await (const chunk of chunks) {
    expect(CONTENT.compare(chunk, 0, chunk.length, bytes, bytes + chunk.length)).toBe(0)
    bytes += chunk.length
    if (chunk.buffer instanceof SharedArrayBuffer) inSlabs += chunk.length
    giveBack(chunk)
  }
  return { bytes, inSlabs }
}

test('a long answer arrives whole, most of it past the parser, and its connection closes', async () => {
  const peer = await serving((socket) => {
    // The body begins together with the headers.
    socket.write(Buffer.concat([Buffer.from(withLength), CONTENT.subarray(0, 1000)]))
    socket.write(CONTENT.subarray(1000))
  })
  const { bytes, inSlabs } = await readAll(chunksOf(peer.url))
  expect(bytes).toBe(CONTENT.length)
  expect(inSlabs).toBeGreaterThan(CONTENT.length / 2)
  await peer.closed
})

test('of an answer that breaks off, what came is given before the error', async () => {
  const sent = 5 * 1024 * 1024 + 17
  const peer = await serving((socket) => socket.write(withLength) && socket.end(CONTENT.subarray(0, sent)))
  let bytes = 0
  const reading = async () => {
    for await (const chunk of chunksOf(peer.url)) bytes += chunk.length
  }
  await expect(reading()).rejects.toThrow(/^Get "http:\/\/127\.0\.0\.1:\d+\/blob": /)
  expect(bytes).toBe(sent)
})

test('what a server sends beyond the end of a long answer is not part of it', async () => {
  const peer = await serving((socket) => {
    socket.write(withLength)
    socket.write(CONTENT)
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nmore')
  })
  let bytes = 0
  for await (const chunk of chunksOf(peer.url)) bytes += chunk.length
  expect(bytes).toBe(CONTENT.length)
})

test('a long answer in chunks of HTTP is parsed', async () => {
  const peer = await serving((socket) => {
    socket.write(headers('transfer-encoding: chunked'))
    for (let at = 0; at < CONTENT.length; at += 1_000_000) {
      const piece = CONTENT.subarray(at, at + 1_000_000)
      socket.write(`${piece.length.toString(16)}\r\n`)
      socket.write(piece)
      socket.write('\r\n')
    }
    socket.write('0\r\n\r\n')
  })
  expect(await readAll(chunksOf(peer.url))).toEqual({ bytes: CONTENT.length, inSlabs: 0 })
})

test('whoever stops reading a long answer closes its connection', async () => {
  const peer = await serving((socket) => socket.write(withLength) && socket.write(CONTENT))
  for await (const chunk of chunksOf(peer.url)) if (chunk.length > 0) break
  await peer.closed
})
