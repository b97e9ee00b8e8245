import { Agent, type Dispatcher, errors } from 'undici'
import { EngineError } from '../errors.ts'
import { discard, readBeginning } from '../http/body.ts'
import { reasonOf, subject } from '../http/failure-words.ts'
import { proxyAgent } from '../http/proxy.ts'
import { brokenOff, CUT, refused } from './failure.ts'
import type { Place, RemoteParts } from './types.ts'

const CONNECT_TIMEOUT_MS = 30_000

/** How much of a refusal is read. */
const MAX_REFUSAL_BYTES = 8 * 1024

/** What is asked of a server. */
export interface RemoteRequest {
  place: Place
  /** Behind the base of the place, such as `/v1/chat/completions`. */
  path: string
  body: object
  /** The media type the answer must have. */
  accept: 'text/event-stream' | 'application/json'
}

/** Requests to the servers of stubs. */
export interface RemoteHttp {
  /**
   * The bytes of a good answer, as they come: nobody reads on while nobody asks. Throws EngineError `load_timeout`
   * for a server that says nothing for too long, `remote_failed` (or what its status says) for other failures, and
   * the signal's reason. An abort closes the connection at once.
   */
  post(request: RemoteRequest, signal: AbortSignal): AsyncGenerator<Uint8Array>
  close(): Promise<void>
}

/** Redirects are not followed: they would lead to where no operator has said that requests may go. */
export function createHttp({ keys, proxies = {}, userAgent, settings }: RemoteParts): RemoteHttp {
  // 0 is no limit.
  const silenceMs = Number.isFinite(settings.loadTimeoutMs) ? settings.loadTimeoutMs : 0
  const options: Agent.Options = {
    connect: { timeout: CONNECT_TIMEOUT_MS },
    // No connection is used twice: llama-server hangs up on some that wait, and a request cannot be sent again.
    pipelining: 0,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  }
  const agentFor = (proxy: string | undefined): Dispatcher =>
    proxy === undefined ? new Agent(options) : proxyAgent(proxy, proxies, options)
  const agents = { 'http:': agentFor(proxies.http), 'https:': agentFor(proxies.https) }

  async function send({ place, path, body, accept }: RemoteRequest, signal: AbortSignal) {
    const url = new URL(place.base + path)
    const key = keys?.get(place.origin)
    try {
      return await agents[url.protocol === 'https:' ? 'https:' : 'http:'].request({
        origin: url.origin,
        path: url.pathname,
        method: 'POST',
        headers: {
          'user-agent': userAgent,
          'content-type': 'application/json',
          accept,
          // Unpacking would undo every limit on sizes.
          'accept-encoding': 'identity',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify(body),
        signal,
      })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError) {
        throw new EngineError('load_timeout', `timed out waiting for ${url.host} to answer`, { cause: error })
      }
      throw new EngineError('remote_failed', `${subject('POST', url)}: ${reasonOf(error, url)}`, {
        cause: error,
      })
    }
  }

  return {
    async *post(request, signal) {
      signal.throwIfAborted()
      const { statusCode, headers, body } = await send(request, signal)
      if (statusCode >= 400) {
        throw await refusalOf(statusCode, headers, body, keys?.get(request.place.origin))
      }
      const unusable = unusableBecause(statusCode, headers, request)
      if (unusable !== undefined) {
        discard(body)
        throw new EngineError('remote_failed', `${request.place.origin} ${unusable}`)
      }
      try {
        yield* body
      } catch (error) {
        throw signal.aborted ? signal.reason : brokenOff(detailOf(error, silenceMs), { cause: error })
      }
    },
    async close() {
      await Promise.all(Object.values(agents).map((agent) => agent.destroy()))
    },
  }
}

type Headers = Dispatcher.ResponseData['headers']

const headerOf = (headers: Headers, name: string): string => [headers[name]].flat()[0] ?? ''

async function refusalOf(
  status: number,
  headers: Headers,
  body: Dispatcher.ResponseData['body'],
  key: string | undefined,
): Promise<EngineError> {
  // A refusal whose text breaks off is a refusal all the same.
  const text = await readBeginning(body, MAX_REFUSAL_BYTES).catch(() => '')
  // A server may say back what it was sent.
  const shown = key === undefined ? text : text.replaceAll(key, '…')
  const retryAfter = headerOf(headers, 'retry-after')
  return refused(status, shown, /^\d{1,5}$/.test(retryAfter) ? { retryAfterS: Number(retryAfter) } : {})
}

/** Why an answer is not what was asked for; undefined where it is. */
function unusableBecause(status: number, headers: Headers, { accept }: RemoteRequest): string | undefined {
  if (status >= 300) return `answers with a redirect (status ${status}), which is not followed`
  if (status !== 200) return `answers with status ${status}`
  const encoding = headerOf(headers, 'content-encoding').toLowerCase()
  if (encoding !== '' && encoding !== 'identity') return 'sends a compressed answer, which nobody asked for'
  const type = headerOf(headers, 'content-type').split(';', 1)[0]?.trim().toLowerCase()
  return type === accept ? undefined : `answers with ${type || 'no media type'} instead of ${accept}`
}

function detailOf(error: unknown, silenceMs: number): string {
  if (error instanceof errors.BodyTimeoutError) return `nothing came for ${silenceMs / 1000} seconds`
  const isCut = error instanceof errors.SocketError || error instanceof errors.HTTPParserError
  return isCut || !(error instanceof Error) ? CUT : error.message
}
