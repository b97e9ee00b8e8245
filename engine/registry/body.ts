import type { Dispatcher } from 'undici'
import { RegistryError } from './error.ts'

type Body = Dispatcher.ResponseData['body']

/** Reads a body that fits into `limit` bytes, whatever its headers promise. Throws RegistryError `malformed`. */
export async function readAtMost(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) throw new RegistryError('malformed', `the answer has more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Reads the beginning of a body, for an error message. */
export async function readBeginning(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= limit) break
  }
  return Buffer.concat(chunks).subarray(0, limit).toString('utf8')
}

/** Lets a body go that nobody wants to read; the connection closes unless the rest is small. */
export function discard(body: Body): void {
  // What fails while nobody reads is nobody's business.
  body.on('error', () => {})
  body.dump({ limit: 16 * 1024 }).catch(() => {})
}
