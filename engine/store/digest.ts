import { createHash } from 'node:crypto'
import { z } from 'zod'
import { EngineError } from '../errors.ts'

const DIGEST = /^sha256[:-][0-9a-fA-F]{64}$/

/** A SHA-256 as manifests and requests write it: `sha256:<64 hex>`, or with a dash. */
export const Digest = z.string().regex(DIGEST)

/** The hash of bytes that are in memory, as `sha256:<hex>`. */
export const digestOf = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/**
 * The name a blob has in its folder. Throws EngineError `bad_request` for anything but a digest, so that no text
 * from outside becomes part of a path.
 */
export function blobFileName(digest: string): string {
  if (!DIGEST.test(digest)) throw new EngineError('bad_request', 'invalid digest format')
  return digest.replace(':', '-')
}

/** The digest as manifests of Ollama write it: a colon, and hex in lower case. Throws like blobFileName. */
export const canonicalDigest = (digest: string): string =>
  blobFileName(digest).toLowerCase().replace('-', ':')
