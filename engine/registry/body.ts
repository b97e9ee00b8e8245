import { RegistryError } from './error.ts'

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
