import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { giveBack } from '../read-slabs.ts'
import { asDiskError } from './disk-error.ts'
import type { Follow } from './follow.ts'
import type { Piece } from './pieces.ts'
import type { DownloadTuning } from './tuning.ts'

/** Writes that may be under way at a time. */
const MOST_WRITES = 2
/** Of the connection that the hash follows, with those that are still being hashed: its thread takes a while to start. */
const MOST_FOLLOWED = 16

/** Bytes, and buffers, that are gathered for one write: the network gives 64 KiB at a time at most. */
const WRITE_BYTES = 1024 * 1024
const WRITE_BUFFERS = 512

export interface PieceWriter {
  /** Where the next byte belongs. */
  position(): number
  /** Takes bytes; waits while too many are being written or hashed. Throws DiskError. */
  add(bytes: Uint8Array): Promise<void>
  /** Ends the piece that has begun; all that was added is in the file then, and reported. Throws DiskError. */
  close(): Promise<void>
}

export interface PieceTarget {
  file: FileHandle
  folder: string
  tuning: Pick<DownloadTuning, 'pieceBytes' | 'pieceMs'>
  /** Hashes what comes in its turn; without it nothing is hashed here. */
  follow?: Follow
  /** A piece is in the file, though perhaps not yet on the disk. Called in the order of the pieces. */
  onPiece: (piece: Piece) => void
}

/** The piece that is coming in. */
interface Begun {
  start: number
  beganAt: number
  crc: number
  /** The hash follows it, so that it needs no CRC. */
  follow: Follow | undefined
}

/**
 * Writes bytes from `start` on and divides them into pieces. Writes run one after the other while the next is
 * gathered. Waiting ends with the reason of `signal`.
 */
export function createPieceWriter(target: PieceTarget, start: number, signal: AbortSignal): PieceWriter {
  const { file, folder, tuning, onPiece } = target
  let position = start
  let written = start
  let gathered: Uint8Array[] = []
  let writing: Promise<void> = Promise.resolve()
  let reporting: Promise<void> = Promise.resolve()
  const underWay: Promise<void>[] = []
  let piece: Begun | undefined

  const begin = async (): Promise<Begun> => {
    const { follow } = target
    // Whether one leads depends on what has been reported; who has led up to here goes on.
    if (follow && follow.position() !== position) await reporting
    const isLed = (await follow?.reaches(position, signal)) === true
    return { start: position, beganAt: performance.now(), crc: 0, follow: isLed ? follow : undefined }
  }

  const startWrite = (follow: Follow | undefined) => {
    if (gathered.length === 0) return
    const buffers = gathered
    const at = written
    written = position
    gathered = []
    writing = writing
      .then(() => writeAll(file, buffers, at))
      .catch((error) => Promise.reject(asDiskError(error, folder)))
    const done = Promise.all([writing, follow?.feed(buffers)]).then(() => buffers.forEach(giveBack))
    // Whoever waits next hears of a failure; until then nobody may be listening.
    done.catch(() => {})
    underWay.push(done)
  }

  const endPiece = ({ start, crc, follow }: Begun) => {
    startWrite(follow)
    piece = undefined
    const length = position - start
    const known = Promise.all([reporting, writing, follow?.digest()])
    reporting = known.then(([, , prefix]) =>
      onPiece({ start, length, isEarlier: false, ...(prefix === undefined ? { crc } : { prefix }) }),
    )
    reporting.catch(() => {})
  }

  const add = async (bytes: Uint8Array): Promise<void> => {
    piece ??= await begin()
    const room = piece.start + tuning.pieceBytes - position
    if (bytes.length > room) {
      await add(bytes.subarray(0, room))
      return add(bytes.subarray(room))
    }
    if (piece.follow === undefined) piece.crc = crc32(bytes, piece.crc)
    position += bytes.length
    gathered.push(bytes)
    if (bytes.length === room || performance.now() - piece.beganAt >= tuning.pieceMs) endPiece(piece)
    else if (position - written >= WRITE_BYTES || gathered.length >= WRITE_BUFFERS) startWrite(piece.follow)
    if (underWay.length >= (piece?.follow ? MOST_FOLLOWED : MOST_WRITES)) await underWay.shift()
  }

  return {
    position: () => position,
    add,
    async close() {
      if (piece && position > piece.start) endPiece(piece)
      await Promise.all(underWay.splice(0))
      await reporting
    },
  }
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
