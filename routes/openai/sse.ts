import { toProblem } from '../wire/problem.ts'
import type { Encoder } from '../wire/stream.ts'
import { toEnvelope } from './error.ts'

/** Ends every stream of this dialect. */
export const DONE = '[DONE]'

/** Proxies and fetch implementations give up on a silent body; 15 s is well under all of their limits. */
const KEEP_ALIVE_MS = 15_000

/**
 * Server-sent events as OpenAI frames them: nameless, one JSON object a frame, `[DONE]` at the end.
 * `stopping` lets a stream that the server cut off say so.
 */
export function sse<T extends object>(stopping: AbortSignal): Encoder<T | typeof DONE> {
  return {
    contentType: 'text/event-stream',
    chunk: (item) => (item === DONE ? `data: ${DONE}\n\n` : frame(item)),
    error: (error) => frame(toEnvelope(toProblem(error, stopping))),
    keepAlive: { everyMs: KEEP_ALIVE_MS, text: ': ping\n\n' },
  }
}

/** What a stream needs so that nothing between here and the client holds it back. */
export const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }

const frame = (value: object) => `data: ${JSON.stringify(value)}\n\n`
