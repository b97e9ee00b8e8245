import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** A run of bytes of the file, and what is known of it. */
export interface HashRun {
  start: number
  length: number
  /** The CRC-32 of the run. */
  crc?: number | undefined
  /** The SHA-256, in hex, of everything from the start of the file to the end of the run. */
  prefix?: string | undefined
}

/** What is asked of whoever hashes. */
export type HashTask =
  /** Adds a run of the file to the SHA-256; if something known of it does not match, leaves the SHA-256 as it was. */
  | { type: 'add'; run: HashRun }
  /** Adds bytes that nobody changes before the answer. */
  | { type: 'feed'; bytes: readonly Uint8Array[] }
  /** Begins the SHA-256 anew. */
  | { type: 'reset' }
  | { type: 'crc'; start: number; length: number }
  /** The SHA-256 of all that was added. */
  | { type: 'digest' }

/** Whether the run was added, a CRC, or hex; in the order of the tasks. */
export type HashAnswer = boolean | number | string

/** Stays in the cache of a core between reading and hashing. */
const READ_BYTES = 128 * 1024

/**
 * Reads a file and hashes it, blocking: for small files, or a thread of its own. Calls throw what the file system
 * says, also when the file ends too early.
 */
export function openPieceHash(path: string): { run(task: HashTask): HashAnswer; close(): void } {
  const file = openSync(path, 'r')
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  let hash = createHash('sha256')
  return {
    run(task) {
      switch (task.type) {
        case 'add': {
          const added = withRun(hash.copy(), file, buffer, task.run)
          if (added) hash = added
          return added !== undefined
        }
        case 'feed':
          for (const bytes of task.bytes) hash.update(bytes)
          return true
        case 'reset':
          hash = createHash('sha256')
          return true
        case 'crc': {
          let crc = 0
          for (const bytes of read(file, buffer, task)) crc = crc32(bytes, crc)
          return crc
        }
        case 'digest':
          return hash.copy().digest('hex')
      }
    },
    close: () => closeSync(file),
  }
}

function withRun(hash: Hash, file: number, buffer: Buffer, run: HashRun): Hash | undefined {
  let crc = 0
  for (const bytes of read(file, buffer, run)) {
    hash.update(bytes)
    if (run.crc !== undefined) crc = crc32(bytes, crc)
  }
  if (run.crc !== undefined && run.crc !== crc) return
  if (run.prefix !== undefined && run.prefix !== hash.copy().digest('hex')) return
  return hash
}

function* read(
  file: number,
  buffer: Buffer,
  { start, length }: { start: number; length: number },
): Generator<Uint8Array> {
  const end = start + length
  for (let at = start; at < end; ) {
    const count = readSync(file, buffer, 0, Math.min(buffer.length, end - at), at)
    if (count === 0) throw new Error(`the file ends at byte ${at}, before ${end}`)
    yield buffer.subarray(0, count)
    at += count
  }
}
