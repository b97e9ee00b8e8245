import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { giveBack, readingIntoSlabs, type Taker, takeOver } from '../../../engine/registry/read-slabs.ts'

const MIB = 1024 * 1024

/** Reads all that a server sends, into slabs from the second read on. */
async function readAll(content: Buffer, take: (chunk: Buffer) => void): Promise<void> {
  const server = createServer((peer) => peer.on('error', () => {}).end(content)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const socket: Socket = createConnection({
    port,
    host: '127.0.0.1',
    onread: readingIntoSlabs(() => socket),
  })
  onTestFinished(() => void socket.destroy())
  const taker: Taker = (bytes) => {
    take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    return true
  }
  socket.on('data', taker)
  await once(socket, 'data')
  expect(takeOver(socket, taker)).toBe(true)
  await once(socket, 'close')
}

/** Bytes that differ from place to place. */
const pattern = (bytes: number) => Buffer.from(Uint32Array.from({ length: bytes / 4 }, (_, i) => i).buffer)

test('what is read arrives whole, and memory that is given back is read into again', async () => {
  const content = pattern(16 * MIB)
  const places = new Set<ArrayBufferLike>()
  let position = 0
  await readAll(content, (chunk) => {
    expect(content.compare(chunk, 0, chunk.length, position, position + chunk.length)).toBe(0)
    position += chunk.length
    places.add(chunk.buffer)
    giveBack(chunk)
  })
  expect(position).toBe(content.length)
  // Otherwise each would take a MiB of its own.
  expect(places.size).toBeLessThan(16)
})

test('bytes that somebody keeps stay as they are while the rest goes round', async () => {
  const content = pattern(16 * MIB)
  const kept: { at: number; chunk: Buffer }[] = []
  let position = 0
  await readAll(content, (chunk) => {
    kept.push({ at: position, chunk: chunk.subarray(0, 8) })
    giveBack(chunk.subarray(8))
    position += chunk.length
  })
  for (const { at, chunk } of kept) expect(chunk).toEqual(content.subarray(at, at + 8))
})
