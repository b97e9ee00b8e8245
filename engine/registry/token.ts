import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { discard, readBeginning } from '../http/body.ts'
import { readAtMost } from './body.ts'
import type { Challenge } from './challenge.ts'
import { RegistryError } from './error.ts'
import type { Identity } from './key.ts'
import type { Send } from './session.ts'
import { readingFrom } from './transport.ts'

/** Tokens have one or two kilobytes. */
const MAX_TOKEN_BYTES = 64 * 1024
const MAX_ERROR_BYTES = 8 * 1024

// A token becomes a header: nothing that could end one.
const TokenReply = z.object({ token: z.string().regex(/^[\x21-\x7e]+$/) })

/** How to reach whoever gives out tokens. */
export interface TokenWay {
  base: URL
  /** The address belongs to the registry. */
  isHome: (url: URL) => boolean
  send: Send
  signal: AbortSignal
}

/**
 * Asks the registry for a token, signed with this server's key (ollama server/auth.go). Throws RegistryError
 * `refused` when the challenge names another host, before anything is signed; redirects are not followed, for a
 * signature is for nobody else.
 */
export async function fetchToken(
  challenge: Challenge,
  identity: () => Promise<Identity>,
  { base, isHome, send, signal }: TokenWay,
): Promise<string> {
  const url = tokenUrl(challenge, base, isHome)
  const key = await identity()
  const authorization = `${key.publicKey}:${key.sign(`GET,${url.href},${EMPTY_HASH}`)}`
  const request = { method: 'GET' as const, url, signal }
  const answer = await send({ ...request, headers: { authorization } })
  const body = readingFrom(answer, request)
  if (answer.status >= 400) {
    const text = (await readBeginning(body, MAX_ERROR_BYTES)).replaceAll(authorization, '…')
    const failure = answer.status === 401 || answer.status === 403 ? 'unauthorized' : 'status'
    throw new RegistryError(failure, text === '' ? `${answer.status}` : `${answer.status}: ${text}`, answer)
  }
  if (answer.status !== 200) {
    discard(answer.body)
    throw new RegistryError('malformed', `${base.host} answered ${answer.status} instead of a token`)
  }
  return readToken(await readAtMost(body, MAX_TOKEN_BYTES), base)
}

/** Base64 of the hex hash of no bytes, as a request without a body is signed. */
const EMPTY_HASH = Buffer.from(createHash('sha256').digest('hex')).toString('base64')

function tokenUrl({ realm, service, scope }: Challenge, base: URL, isHome: TokenWay['isHome']): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined
  if (url === undefined || (url.host !== base.host && !isHome(url))) {
    throw new RegistryError(
      'refused',
      `realm host "${url?.host ?? ''}" does not match original host "${base.host}"`,
    )
  }
  if (url.protocol !== base.protocol || url.username !== '' || url.password !== '') {
    throw new RegistryError('refused', `the realm of ${base.host} is no address for tokens`)
  }
  const query = new URLSearchParams(url.search)
  query.append('service', service)
  for (const one of scope.split(' ')) query.append('scope', one)
  query.append('ts', String(Math.floor(Date.now() / 1000)))
  query.append('nonce', randomBytes(16).toString('base64url'))
  query.sort()
  url.search = query.toString()
  url.hash = ''
  return url
}

function readToken(bytes: Buffer, base: URL): string {
  try {
    return TokenReply.parse(JSON.parse(bytes.toString('utf8'))).token
  } catch {
    // Not the cause: it might quote the token.
    throw new RegistryError('malformed', `${base.host} gave no token that can be used`)
  }
}
