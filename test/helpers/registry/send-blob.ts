import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Content } from './content.ts'
import { damage, type Fault } from './fault.ts'

/** Answers a GET or HEAD of a blob, with one range at most. */
export async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  content: Content,
  fault: Fault | undefined,
): Promise<void> {
  const range = fault && 'ignoreRange' in fault ? undefined : rangeOf(request.headers.range, content.size)
  const { start, end } = range ?? { start: 0, end: content.size }
  response.statusCode = range === undefined ? 200 : 206
  response.setHeader('content-type', 'application/octet-stream')
  response.setHeader('content-length', fault && 'contentLength' in fault ? fault.contentLength : end - start)
  if (range !== undefined) {
    const stated = `bytes ${start}-${end - 1}/${content.size}`
    response.setHeader('content-range', fault && 'contentRange' in fault ? fault.contentRange : stated)
  }
  if (request.method === 'HEAD') return void response.end()
  await sendBody(response, damage(content.read(start, end), start, fault), fault)
}

/** Writes chunks at the pace of the reader, as far as the fault lets it. */
export async function sendBody(
  response: ServerResponse,
  chunks: AsyncIterable<Buffer>,
  fault: Fault | undefined,
): Promise<void> {
  const limit = limitOf(fault)
  let sent = 0
  response.flushHeaders()
  for await (const chunk of chunks) {
    if (response.destroyed) return
    const part = chunk.subarray(0, Math.max(0, limit - sent))
    sent += part.length
    if (part.length > 0 && !response.write(part)) {
      await drained(response)
    }
    if (part.length < chunk.length) return stop(response, fault)
  }
  response.end()
}

/** Waits until more can be written, or nobody is there to read it. */
async function drained(response: ServerResponse): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).catch(
    () => {},
  )
  // Takes the listener of the other one away.
  over.abort()
}

function limitOf(fault: Fault | undefined): number {
  if (fault && 'cutAfter' in fault) return fault.cutAfter
  return fault && 'stallAfter' in fault ? fault.stallAfter : Number.POSITIVE_INFINITY
}

function stop(response: ServerResponse, fault: Fault | undefined): void {
  // What was written goes out before the end; a stalled one waits for the other side to leave.
  if (fault && 'cutAfter' in fault) response.write('', () => response.socket?.destroySoon())
}

function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header ?? '')
  if (match === null) return undefined
  return { start: Number(match[1]), end: Math.min(Number(match[2]) + 1, size) }
}
