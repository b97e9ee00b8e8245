import { createHash } from 'node:crypto'

/** The content of a blob, in memory or made up as it is read. */
export interface Content {
  digest: string
  size: number
  /** Bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Iterable<Buffer>
}

const CHUNK = 64 * 1024

export function bytesContent(bytes: Buffer | string): Content {
  const buffer = Buffer.from(bytes)
  return {
    digest: sha256(buffer),
    size: buffer.length,
    *read(start, end) {
      for (let at = start; at < end; at += CHUNK) yield buffer.subarray(at, Math.min(at + CHUNK, end))
    },
  }
}

/** `size` bytes that differ from place to place, and with `seed`; nothing of them is kept. */
export function generatedContent(size: number, seed = 1): Content {
  const read = function* (start: number, end: number): Iterable<Buffer> {
    for (let at = start; at < end; ) {
      const block = Math.floor(at / BLOCK)
      const from = at - block * BLOCK
      const until = Math.min(BLOCK, end - block * BLOCK)
      yield blockOf(seed, block).subarray(from, until)
      at = block * BLOCK + until
    }
  }
  const hash = createHash('sha256')
  for (const chunk of read(0, size)) hash.update(chunk)
  return { digest: `sha256:${hash.digest('hex')}`, size, read }
}

const BLOCK = 64 * 1024

/** A pattern with the number of its block in every 16 bytes. */
function blockOf(seed: number, block: number): Buffer {
  const bytes = Buffer.alloc(BLOCK)
  for (let at = 0; at < BLOCK; at += 16) {
    bytes.writeUInt32LE(seed, at)
    bytes.writeUInt32LE(block, at + 4)
    bytes.writeUInt32LE(Math.imul(at + seed, 2654435761) >>> 0, at + 8)
    bytes.writeUInt32LE(at, at + 12)
  }
  return bytes
}

export const sha256 = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`
