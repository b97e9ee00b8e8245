import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Who gave which signature for what, as the token endpoint saw it. */
export interface TokenRequest {
  /** The public key in SSH's form, base64. */
  publicKey: string
  query: URLSearchParams
}

/** Gives out tokens for signatures that hold, the way Ollama's registry does. */
export function createTokens(origin: () => string) {
  const valid = new Set<string>()
  const requests: TokenRequest[] = []
  return {
    /** The ones that were granted. */
    requests,
    isValid: (authorization: string | undefined) => valid.has(authorization ?? ''),
    /** From now on they are worth nothing. */
    revoke: () => valid.clear(),
    /** A token, or why there is none. */
    grant({ url = '', headers }: IncomingMessage): { token: string } | { refusal: string } {
      const [publicKey = '', signature = ''] = (headers.authorization ?? '').split(':')
      const signed = `GET,${origin()}${url},${EMPTY_HASH}`
      const key = ed25519(Buffer.from(publicKey, 'base64'))
      if (!key || !verify(null, Buffer.from(signed), key, Buffer.from(signature, 'base64'))) {
        return { refusal: 'the signature does not hold' }
      }
      const query = new URL(url, origin()).searchParams
      if (Math.abs(Number(query.get('ts')) - Date.now() / 1000) > 300) return { refusal: 'the time is off' }
      if (Buffer.from(query.get('nonce') ?? '', 'base64url').length !== 16) return { refusal: 'no nonce' }
      requests.push({ publicKey, query })
      const token = `token-${randomUUID()}`
      valid.add(`Bearer ${token}`)
      return { token }
    },
  }
}

const EMPTY_HASH = Buffer.from(createHash('sha256').update('').digest('hex')).toString('base64')

/** `ssh-ed25519` and 32 bytes, each with its length before it. */
function ed25519(blob: Buffer) {
  const head = Buffer.from('0000000b7373682d6564323535313900000020', 'hex')
  if (blob.length !== head.length + 32 || !blob.subarray(0, head.length).equals(head)) return undefined
  const x = blob.subarray(head.length).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}
