import type { Readable } from 'node:stream'
import { discard, readBeginning } from '../http/body.ts'
import { AddressError, type Reach } from './agents.ts'
import { type Challenge, parseChallenge } from './challenge.ts'
import { RegistryError } from './error.ts'
import { isRedirect, MAX_REDIRECTS, redirectTarget } from './redirect.ts'
import { readingFrom, type Transport, type TransportAnswer, type TransportRequest } from './transport.ts'

/** How much of an error's body is shown. */
const MAX_ERROR_BYTES = 8 * 1024

export interface SessionRequest extends Pick<TransportRequest, 'method' | 'headers' | 'signal'> {
  url: URL
  /** Made anew for every attempt. */
  body?: () => Readable | Buffer
  /**
   * `all` redirects; only `same-host` ones, so that one to elsewhere is the answer; or `none`, so that any is.
   */
  follow: 'all' | 'same-host' | 'none'
  /** Shows no token, whoever is asked. */
  isAnonymous?: boolean
}

export interface SessionAnswer extends TransportAnswer {
  /** What answered, after redirects. */
  url: URL
  /** Where it wants us to go instead: a redirect that was not followed. */
  redirect: URL | undefined
  /** The body, with its failures in the words of RegistryError. */
  chunks(): AsyncIterable<Uint8Array>
}

/** One operation's requests to one registry. */
export interface Session {
  /** Scheme and host of the registry. */
  readonly base: URL
  /** Gives every status below 400. Throws RegistryError for others, or the signal's reason. */
  request(request: SessionRequest): Promise<SessionAnswer>
}

/** An answer, and the token that was shown to get it. */
type Attempt = SessionAnswer & { usedToken: string | undefined }

export interface SessionOptions {
  transport: Transport
  base: URL
  /** What counts as the registry, as origins; that of `base` alone when left out. */
  origins?: readonly string[]
  /** Shown from the first request on. */
  token?: string
  /** A token for a challenge. Throws RegistryError. */
  authorize: (
    challenge: Challenge,
    request: { base: URL; isHome: (url: URL) => boolean; send: Send; signal: AbortSignal },
  ) => Promise<string>
  /** Redirects may lead into the local network although the registry is outside. */
  allowPrivate: boolean
  /** Only the internet is meant: a base in the local network is refused. */
  isPublicOnly?: boolean
}

/** One request to the registry itself, without a token and without following anything. */
export type Send = (request: Omit<TransportRequest, 'reach'>) => Promise<TransportAnswer>

/**
 * Opens a session. What it holds to, whatever a registry answers:
 *
 * - A token goes to the scheme, host and port that asked for it, and nowhere else (for the one exception see
 *   `originsOf` of Hugging Face).
 * - A registry on the internet cannot send us to an address of the local network. Which side it is on is decided
 *   once, by the first connection, and then holds for every connection to it: a name that moves between the
 *   sides is cut off.
 */
export function openSession(options: SessionOptions): Session {
  const { transport, base, authorize, allowPrivate, origins = [base.origin] } = options
  const { isPublicOnly = false } = options
  let side = isPublicOnly && !allowPrivate ? 'public' : knownSide(transport, base, allowPrivate)
  let token = options.token
  const fetching = new Map<string, Promise<string>>()

  const isRegistry = (url: URL) => origins.includes(url.origin)

  /** To the registry, by whichever side it turns out to be on. */
  const sendHome: Send = async (request) => {
    for (const reach of side === undefined ? (['public', 'private'] as const) : [side]) {
      try {
        const answer = await transport.send({ ...request, reach })
        side = reach
        return answer
      } catch (error) {
        if (!(error instanceof AddressError)) throw error
      }
    }
    if (isPublicOnly) throw new RegistryError('refused', `${base.host} is not on the internet`)
    throw new RegistryError('refused', `${base.host} moved between the internet and the local network`)
  }

  const sendAway: Send = async (request) => {
    try {
      return await transport.send({ ...request, reach: side === 'private' ? 'any' : (side ?? 'public') })
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      throw new RegistryError(
        'refused',
        `${base.host} redirects to ${request.url.host}, which is not on the internet`,
      )
    }
  }

  /** One hop. */
  async function hop(request: SessionRequest, url: URL): Promise<Attempt> {
    const { method, signal, body } = request
    const isHome = isRegistry(url)
    const usedToken = isHome && !request.isAnonymous ? token : undefined
    const headers = { ...request.headers, ...(usedToken && { authorization: `Bearer ${usedToken}` }) }
    const sent = { method, url, signal, headers, ...(body && { body: body() }) }
    const answer = await (isHome ? sendHome(sent) : sendAway(sent))
    const chunks = () => readingFrom(answer, sent)
    return { ...answer, url, redirect: undefined, usedToken, chunks }
  }

  async function attempt(request: SessionRequest): Promise<Attempt> {
    let { url } = request
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const answer = await hop(request, url)
      if (!isRedirect(answer.status)) return answer
      const target = targetOf(answer)
      const isSameHost = target.host === url.host || (isRegistry(url) && isRegistry(target))
      const isFollowed = request.follow === 'all' || (request.follow === 'same-host' && isSameHost)
      if (!isFollowed) return { ...answer, redirect: target }
      discard(answer.body)
      url = target
    }
    throw new RegistryError('refused', `stopped after ${MAX_REDIRECTS} redirects`)
  }

  /** A token for what the registry asks; calls that ask for the same share one. */
  async function newToken(
    challenge: Challenge,
    used: string | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const key = `${challenge.service} ${challenge.scope}`
    let known = fetching.get(key)
    while (known !== undefined) {
      const value = await known.catch(() => undefined)
      if (value !== undefined && value !== used) return value
      // It is worth nothing (any more); perhaps somebody else has asked for the next one meanwhile.
      const newer = fetching.get(key)
      if (newer === known) break
      known = newer
    }
    const asked = authorize(challenge, { base, isHome: isRegistry, send: sendHome, signal })
    fetching.set(key, asked)
    return asked
  }

  return {
    base,
    async request(request) {
      let answer = await attempt(request)
      if (answer.status === 401 && isRegistry(answer.url) && !request.isAnonymous) {
        const challenge = parseChallenge(answer.header('www-authenticate'))
        discard(answer.body)
        if (challenge === undefined) throw accessDenied()
        token = await newToken(challenge, answer.usedToken, request.signal)
        answer = await attempt(request)
        if (answer.status === 401) {
          discard(answer.body)
          throw accessDenied()
        }
      }
      if (answer.status >= 400) throw await failure(answer, [token, options.token])
      return answer
    },
  }
}

function targetOf(answer: SessionAnswer): URL {
  try {
    return redirectTarget(answer.url, answer.header('location'))
  } catch (error) {
    discard(answer.body)
    throw error
  }
}

/** Whoever asks may not. */
export const accessDenied = () =>
  new RegistryError('unauthorized', 'unauthorized: access denied', { status: 401 })

/** What can be said of the side before the first connection. */
function knownSide(transport: Transport, base: URL, allowPrivate: boolean): Reach | undefined {
  if (allowPrivate) return 'any'
  const isPublic = transport.isPublicLiteral(base)
  return isPublic === undefined ? undefined : isPublic ? 'public' : 'private'
}

/** A refusal in Ollama's words: `<code>: <body>`. */
async function failure(
  answer: SessionAnswer,
  tokens: readonly (string | undefined)[],
): Promise<RegistryError> {
  const { status } = answer
  if (status === 404) {
    discard(answer.body)
    return new RegistryError('not_found', 'file does not exist', { status })
  }
  const text = await readBeginning(answer.chunks(), MAX_ERROR_BYTES)
  // A server may say back what it was sent.
  const shown = tokens.reduce<string>((said, token) => (token ? said.replaceAll(token, '…') : said), text)
  return new RegistryError('status', `${status}: ${shown}`, { status })
}
