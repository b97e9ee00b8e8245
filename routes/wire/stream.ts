import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** How a dialect writes a sequence of items. */
export interface Encoder<T> {
  contentType: string
  /** The bytes of one item; an empty string sends nothing. */
  chunk: (item: T) => string
  /** The last words of a stream that failed after its first byte. */
  error: (error: unknown) => string
  /** Written while nothing has been sent for this long. A dialect without harmless bytes has none. */
  keepAlive?: { everyMs: number; text: string }
}

/**
 * Sends items as they come. Fastify pulls, so a slow client slows the engine instead of filling memory.
 * A failure before the first byte reaches the error handler, which still chooses the status.
 */
export function sendStream<T>(
  reply: FastifyReply,
  items: AsyncIterable<T>,
  encoder: Encoder<T>,
): FastifyReply {
  return reply.type(encoder.contentType).send(Readable.from(encode(items, encoder), { objectMode: false }))
}

/** The bytes of a stream, piece by piece. Exported for tests with a scripted source. */
export async function* encode<T>(items: AsyncIterable<T>, encoder: Encoder<T>): AsyncGenerator<string> {
  let started = false
  try {
    for await (const text of withKeepAlive(items, encoder)) {
      if (text === '') continue
      started = true
      yield text
    }
  } catch (error) {
    if (!started) throw error
    yield encoder.error(error)
  }
}

async function* withKeepAlive<T>(items: AsyncIterable<T>, encoder: Encoder<T>): AsyncGenerator<string> {
  const { keepAlive } = encoder
  if (keepAlive === undefined) {
    for await (const item of items) yield encoder.chunk(item)
    return
  }
  const source = items[Symbol.asyncIterator]()
  // Asked for ahead of the reader: it may fail while the reader is slow, or after it has left, and a promise
  // that fails with nobody looking ends the process.
  const ask = () => {
    const asked = source.next()
    asked.catch(() => {})
    return asked
  }
  let next = ask()
  try {
    for (;;) {
      const result = await raceTimer(next, keepAlive.everyMs)
      if (result === undefined) {
        yield keepAlive.text
        continue
      }
      if (result.done === true) return
      next = ask()
      yield encoder.chunk(result.value)
    }
  } finally {
    await source.return?.()
  }
}

/** The promise's value, or undefined when `ms` pass first. */
async function raceTimer<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
