import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** What is asked of whoever reads the file back. */
export type HashTask =
  /** Adds a run of bytes to the SHA-256; given a CRC that does not match, leaves the SHA-256 as it was. */
  | { type: 'add'; start: number; length: number; crc: number | undefined }
  /** Begins the SHA-256 anew. */
  | { type: 'reset' }
  | { type: 'crc'; start: number; length: number }
  /** The SHA-256 of all that was added. */
  | { type: 'digest' }

/** Whether the run was added, a CRC, or hex; in the order of the tasks. */
export type HashAnswer = boolean | number | string

const READ_BYTES = 1024 * 1024

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
          const added = withPiece(hash.copy(), file, buffer, task)
          if (added) hash = added
          return added !== undefined
        }
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

function withPiece(
  hash: Hash,
  file: number,
  buffer: Buffer,
  task: { start: number; length: number; crc: number | undefined },
): Hash | undefined {
  let crc = 0
  for (const bytes of read(file, buffer, task)) {
    hash.update(bytes)
    if (task.crc !== undefined) crc = crc32(bytes, crc)
  }
  return task.crc === undefined || crc === task.crc ? hash : undefined
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
