import { on, setMaxListeners } from 'node:events'
import type { LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'
import { discard } from '../http/body.ts'
import { reasonOf, subject } from '../http/failure-words.ts'
import type { Proxies } from '../http/proxy.ts'
import { isPublicAddress, literalAddress } from './address.ts'
import { AddressError, createAgents, isWithin, type Reach } from './agents.ts'
import { RegistryError } from './error.ts'

export interface TransportOptions {
  /** A product token, such as `snug/0.1.0`. */
  userAgent: string
  proxies?: Proxies
  /** Milliseconds until a connection must stand. */
  connectTimeoutMs?: number
  /** Milliseconds without a byte, before the headers of an answer or between parts of its body. */
  stallTimeoutMs?: number
  /** How names become addresses; the system's way when left out. */
  lookup?: LookupFunction
  /** Which addresses belong to the internet; IANA's view when left out. */
  isPublic?: (address: string) => boolean
}

export interface TransportRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT'
  url: URL
  headers?: Record<string, string>
  body?: Readable | Buffer
  /** Where the connection may go; something else is refused with AddressError. */
  reach: Reach
  signal: AbortSignal
}

export interface TransportAnswer {
  status: number
  /** A header by its lower-case name; the first one where it comes repeatedly. */
  header(name: string): string | undefined
  /** To be read or given to `discard`. Errors that come with reading are put into words by `readingFrom`. */
  body: Dispatcher.ResponseData['body']
}

/** Makes HTTP requests, one hop each: redirects are answers like others. */
export interface Transport {
  /** Throws RegistryError, AddressError, or the signal's reason. */
  send(request: TransportRequest): Promise<TransportAnswer>
  /** The address that `url` writes out, if any, belongs to the internet; undefined for a name. */
  isPublicLiteral(url: URL): boolean | undefined
  /** Breaks off whatever is still running. */
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 30_000
/** After so long without a byte Ollama gives a part up too (server/download.go). */
const STALL_TIMEOUT_MS = 30_000

export function createTransport(options: TransportOptions): Transport {
  const { userAgent, isPublic = isPublicAddress, stallTimeoutMs = STALL_TIMEOUT_MS } = options
  const agents = createAgents({
    ...options,
    isPublic,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
  })

  function isPublicLiteral(url: URL): boolean | undefined {
    const address = literalAddress(url)
    return address === undefined ? undefined : isPublic(address)
  }

  return {
    isPublicLiteral,

    async send({ method, url, headers = {}, body, reach, signal }) {
      signal.throwIfAborted()
      // One caller's signal is listened to by as many requests as run for it.
      setMaxListeners(0, signal)
      const isLiteralPublic = isPublicLiteral(url)
      if (isLiteralPublic !== undefined && !isWithin(reach, isLiteralPublic)) {
        throw new AddressError(`${url.hostname} is not where it may be`)
      }
      try {
        const answer = await agents[reach][url.protocol === 'https:' ? 'https' : 'http'].request({
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          // Content must hash to its digest as it is; unpacking would also undo every limit on its size.
          headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
          body: body ?? null,
          signal,
          headersTimeout: stallTimeoutMs,
          bodyTimeout: stallTimeoutMs,
        })
        return unpacked(method, url, {
          status: answer.statusCode,
          header: (name) => [answer.headers[name]].flat()[0],
          body: answer.body,
        })
      } catch (error) {
        throw inWords(error, method, url, signal)
      }
    },

    async close() {
      const all = Object.values(agents).flatMap(({ http, https }) => [http, https])
      await Promise.all(all.map((agent) => agent.destroy()))
    },
  }
}

function unpacked(method: string, url: URL, answer: TransportAnswer): TransportAnswer {
  const encoding = answer.header('content-encoding') ?? 'identity'
  if (encoding === '' || encoding.toLowerCase() === 'identity') return answer
  discard(answer.body)
  throw new RegistryError(
    'malformed',
    `${subject(method, url)}: the answer is compressed, which nobody asked for`,
  )
}

/** The chunks of a body, with what goes wrong in the words of RegistryError. */
export async function* readingFrom(
  answer: TransportAnswer,
  { method, url, signal }: Pick<TransportRequest, 'method' | 'url' | 'signal'>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksAsTheyCame(answer.body)
  } catch (error) {
    throw inWords(error, method, url, signal)
  }
}

/**
 * Iterating over a stream joins chunks that wait into a new one, a copy of all that comes; events give each as it is.
 * Leaving early destroys the stream.
 */
async function* chunksAsTheyCame(body: Readable): AsyncGenerator<Uint8Array> {
  // It has said so already, and says nothing more.
  if (body.errored !== null) throw body.errored
  try {
    const events = on(body, 'data', { close: ['end', 'close'], highWaterMark: 1, lowWaterMark: 1 })
    for await (const [chunk] of events) yield chunk
  } finally {
    // What fails while nobody reads is nobody's business.
    if (!body.readableEnded) body.on('error', () => {}).destroy()
  }
}

/** A failed request in words that Go's HTTP client would use, where people know them. */
function inWords(error: unknown, method: string, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof RegistryError || error instanceof AddressError) return error
  const isTimeout =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  if (isTimeout) {
    return new RegistryError('timeout', `${subject(method, url)}: timed out waiting for the registry`, {
      cause: error,
    })
  }
  return new RegistryError('unreachable', `${subject(method, url)}: ${reasonOf(error, url)}`, {
    cause: error,
  })
}
