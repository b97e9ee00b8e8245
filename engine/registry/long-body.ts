import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { takeOver } from './read-slabs.ts'

/** Chunks that wait until somebody takes them. */
const MOST_WAITING = 4

/**
 * The chunks of a body of `length` bytes, and no more, that comes over a connection of its own, which is of no use afterwards. Once
 * the HTTP parser has read the headers all that comes is body, so the rest is taken from the socket: to show a parser
 * each byte of a model costs a copy and as much time again as receiving it. Throws what `body` fails with. Leaving
 * early destroys the body.
 */
export async function* longBody(body: Readable, socket: Socket, length: number): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = []
  let isTakenOver = false
  let isOver = false
  let failure = body.errored
  let wake = () => {}
  const taker = (chunk: Uint8Array) => {
    waiting.push(chunk)
    wake()
    return waiting.length < MOST_WAITING
  }
  body.on('data', (chunk: Uint8Array) => {
    if (!taker(chunk)) body.pause()
  })
  body.on('error', (error) => {
    failure = error
    wake()
  })
  body.on('close', () => {
    isOver = true
    wake()
  })
  const more = async () => {
    if (failure !== null) throw failure
    // All that came has been parsed and given: what comes next is body.
    if (!isTakenOver && body.readableLength === 0) isTakenOver = takeOver(socket, taker)
    if (isTakenOver) socket.resume()
    else body.resume()
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  try {
    let left = length
    while (left > 0) {
      const chunk = waiting.shift()
      if (chunk !== undefined) {
        yield chunk.subarray(0, left)
        left -= chunk.length
      } else if (isOver && failure === null) return
      else await more()
    }
  } finally {
    body.destroy()
  }
}
