import { createHash } from 'node:crypto'
import { DOWNLOAD_TUNING, type DownloadTuning } from '../../../engine/registry/download/tuning.ts'
import type { RemoteBlob } from '../../../engine/registry/types.ts'

/** What one request meets; counted from the first byte it asks for. */
export interface Mishap {
  /** The connection breaks after so many bytes. */
  cutAfter?: number
  /** Nothing more comes after so many bytes. */
  hangAfter?: number
  /** Bytes of the blob, by offset, that come wrong. */
  wrong?: number
}

export interface MemoryBlob extends RemoteBlob {
  /** What was asked for, in order. */
  ranges: { start: number; end: number }[]
  /** Bytes that were given away. */
  sent: number
}

/** A blob on a registry in memory; `mishap` says what happens to a request, by its number from 0. */
export function memoryBlob(
  content: Buffer,
  mishap: (request: number, range: { start: number; end: number }) => Mishap = () => ({}),
): MemoryBlob {
  const remote: MemoryBlob = {
    digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
    size: content.length,
    ranges: [],
    sent: 0,
    async *read(range, signal) {
      const { cutAfter, hangAfter, wrong } = mishap(remote.ranges.length, range)
      remote.ranges.push(range)
      for (let at = range.start; at <= range.end; at += BLOCK) {
        signal.throwIfAborted()
        await new Promise((resolve) => setImmediate(resolve))
        const given = at - range.start
        if (cutAfter !== undefined && given >= cutAfter) throw new Error('connection reset')
        if (hangAfter !== undefined && given >= hangAfter) await aborted(signal)
        const block = Buffer.from(content.subarray(at, Math.min(at + BLOCK, range.end + 1)))
        if (wrong !== undefined && wrong >= at && wrong < at + block.length) flipByte(block, wrong - at)
        remote.sent += block.length
        yield block
      }
    },
  }
  return remote
}

const BLOCK = 4096

const flipByte = (bytes: Buffer, at: number) => bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at)

const aborted = (signal: AbortSignal) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** The product's rules at a thousandth of the size: parts of 100 KB and more, pieces of 16 KiB, waits of 1 ms. */
export const SMALL: DownloadTuning = {
  ...DOWNLOAD_TUNING,
  minPartBytes: 100_000,
  maxPartBytes: 1_000_000,
  pieceBytes: 16 * 1024,
  rampMs: 1,
  // So short a time is always busy.
  busyShare: 2,
  saveMs: 5,
  backOffMs: 1,
  inlineHashBytes: 4 * 1024 * 1024,
}

/** Bytes without a pattern, the same for the same seed. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}
