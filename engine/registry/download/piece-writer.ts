import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { giveBack } from '../read-slabs.ts'
import { asDiskError } from './disk-error.ts'
import type { Piece } from './pieces.ts'
import type { DownloadTuning } from './tuning.ts'

/** Bytes, and buffers, that are gathered for one write: the network gives 64 KiB at a time at most. */
const WRITE_BYTES = 1024 * 1024
const WRITE_BUFFERS = 512

export interface PieceWriter {
  /** Where the next byte belongs. */
  position(): number
  /** Takes bytes; waits while those before them are being written. Throws DiskError. */
  add(bytes: Uint8Array): Promise<void>
  /** Ends the piece that has begun; all that was added is in the file then. Throws DiskError. */
  close(): Promise<void>
}

export interface PieceTarget {
  file: FileHandle
  folder: string
  tuning: Pick<DownloadTuning, 'pieceBytes' | 'pieceMs'>
  /** A piece is in the file, though perhaps not yet on the disk. */
  onPiece: (piece: Piece) => void
}

/** Writes bytes from `start` on and divides them into pieces. One write runs while the next is gathered. */
export function createPieceWriter(
  { file, folder, tuning, onPiece }: PieceTarget,
  start: number,
): PieceWriter {
  let position = start
  let written = start
  let gathered: Uint8Array[] = []
  let writing: Promise<void> = Promise.resolve()
  let piece = { start, crc: 0, beganAt: performance.now() }

  const startWrite = async () => {
    await writing
    const buffers = gathered
    const at = written
    written = position
    gathered = []
    writing = writeAll(file, buffers, at).then(
      () => buffers.forEach(giveBack),
      (error) => Promise.reject(asDiskError(error, folder)),
    )
    // Whoever writes next hears of a failure; until then nobody may be listening.
    writing.catch(() => {})
  }

  const close = async () => {
    if (gathered.length > 0) await startWrite()
    await writing
    const length = position - piece.start
    if (length > 0) onPiece({ start: piece.start, length, crc: piece.crc, isEarlier: false })
    piece = { start: position, crc: 0, beganAt: performance.now() }
  }

  const add = async (bytes: Uint8Array): Promise<void> => {
    const room = piece.start + tuning.pieceBytes - position
    if (bytes.length > room) {
      await add(bytes.subarray(0, room))
      return add(bytes.subarray(room))
    }
    piece.crc = crc32(bytes, piece.crc)
    position += bytes.length
    gathered.push(bytes)
    if (bytes.length === room || performance.now() - piece.beganAt >= tuning.pieceMs) return close()
    if (position - written >= WRITE_BYTES || gathered.length >= WRITE_BUFFERS) await startWrite()
  }

  return { position: () => position, add, close }
}

/** Near the end of a disk a write may take less than it was given; the next one says why. */
async function writeAll(file: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<void> {
  const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
  let { bytesWritten } = await file.writev(buffers, position)
  if (bytesWritten === total) return
  const rest = Buffer.concat(buffers)
  while (bytesWritten < total) {
    bytesWritten += (await file.write(rest, bytesWritten, total - bytesWritten, position + bytesWritten))
      .bytesWritten
  }
}
