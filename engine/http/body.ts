import type { Dispatcher } from 'undici'

type Body = Dispatcher.ResponseData['body']

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
