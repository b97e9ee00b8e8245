import { z } from 'zod'
import { EngineError, type EngineErrorCode, type ErrorDetails } from '../errors.ts'

/** How much of what a server says is shown. */
const MAX_MESSAGE = 2000

/** In Ollama's words, `{"error": "…"}`, in OpenAI's, or in older ones of vLLM, without an envelope. */
const Refusal = z.union([
  z.object({ error: z.string() }).transform(({ error }) => ({ message: error, code: undefined })),
  z
    .object({ error: z.object({ message: z.string(), code: z.unknown().optional() }) })
    .transform(({ error }) => error),
  z.object({ object: z.literal('error'), message: z.string(), code: z.unknown().optional() }),
])

const CODES: Readonly<Record<number, EngineErrorCode>> = { 429: 'rate_limited', 503: 'busy' }

/** The answer of a server that refuses, with the status it chose and what it says. */
export function refused(
  status: number,
  body: string,
  details: Pick<ErrorDetails, 'retryAfterS'> = {},
): EngineError {
  const { message = body.trim() } = readRefusal(parsed(body)) ?? {}
  return failure(message === '' ? `status ${status}` : message, status, details)
}

/** What an event of a stream says went wrong; undefined for any other event. */
export function refusalIn(event: unknown): EngineError | undefined {
  const refusal = readRefusal(event)
  if (refusal === undefined) return undefined
  const { message, code } = refusal
  const status = typeof code === 'number' && code >= 400 && code < 600 ? Math.trunc(code) : undefined
  return failure(message, status)
}

/** Go's words for a connection that ends before what is sent over it does. */
export const CUT = 'unexpected EOF'

/** Ollama's words for an answer that broke off. */
export const brokenOff = (detail: string, options?: ErrorOptions): EngineError =>
  new EngineError('remote_failed', `an error was encountered while running the model: ${detail}`, options)

function failure(message: string, status: number | undefined, details: ErrorDetails = {}): EngineError {
  const code = CODES[status ?? 0] ?? 'remote_failed'
  return new EngineError(code, message.slice(0, MAX_MESSAGE), {
    details: { ...details, ...(status === undefined ? {} : { status }) },
  })
}

const readRefusal = (value: unknown) => Refusal.safeParse(value).data

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A proxy in between may have answered in HTML: its text is shown as it is.
    return undefined
  }
}
