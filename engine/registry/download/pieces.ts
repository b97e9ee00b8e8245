import { EventEmitter, once } from 'node:events'
import { appendFile, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { ifMissing } from '../../store/missing.ts'
import { piecesPath } from './files.ts'
import type { Part } from './parts.ts'

/**
 * A run of bytes of a blob that is in its data file. Pieces are what damage is found and repaired by: without
 * them, one flipped bit in 40 GB means fetching 40 GB again.
 *
 * A file of our own beside Ollama's part files keeps for each what tells damage. A piece that came in its turn was
 * hashed while it came (follow.ts), and has the SHA-256 of everything up to its end, which costs nothing. One that
 * came before its turn has the CRC-32 of its bytes as they came from the network. A CRC is enough, and three times
 * cheaper than a second SHA-256: it only has to tell where accidental damage lies. Whether the blob is the right one
 * is decided by the SHA-256 of the whole, always, and damage that a CRC misses (1 in 4 billion) is found by fetching
 * once more (verify.ts).
 */
export interface Piece {
  start: number
  length: number
  /** With `prefix`, absent for bytes that another server fetched, or whose record was lost. */
  crc?: number | undefined
  /** SHA-256, in hex, of everything from the start of the blob to the end of this piece. */
  prefix?: string | undefined
  /** It was there when this run began: it may have been damaged since it was written. */
  isEarlier: boolean
}

/** The hash followed it while it came: it need not be read back. */
export const isFollowed = ({ isEarlier, prefix }: Piece): boolean => !isEarlier && prefix !== undefined

/** Damage to it can be told. */
export const isKnown = ({ crc, prefix }: Piece): boolean => crc !== undefined || prefix !== undefined

/**
 * One line each: start, length, and in hex the CRC or the SHA-256. A line that was cut short, or is damaged, is no
 * record.
 */
const RECORD = /^(\d{1,15}) (\d{1,10}) (?:([0-9a-f]{8})|([0-9a-f]{64}))$/
/** 40 GB in pieces of a second each are 3 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

const recordOf = ({ start, length, crc = 0, prefix }: Piece) =>
  `${start} ${length} ${prefix ?? crc.toString(16).padStart(8, '0')}\n`

/** The pieces that make up what `parts` have, in order. */
export async function readPieces(blob: string, parts: readonly Part[], pieceBytes: number): Promise<Piece[]> {
  const records = new Map<number, Piece>()
  for (const line of (await readRecords(piecesPath(blob))).split('\n')) {
    const [, start, length, hex, prefix] = RECORD.exec(line) ?? []
    if (start === undefined || length === undefined) continue
    const crc = hex === undefined ? undefined : Number.parseInt(hex, 16)
    // Of two that begin at one place the later one is true.
    records.set(Number(start), {
      start: Number(start),
      length: Number(length),
      crc,
      prefix,
      isEarlier: true,
    })
  }
  const starts = Array.from(records.keys()).sort((a, b) => a - b)
  return parts.flatMap((part) => tile(part, records, starts, pieceBytes))
}

async function readRecords(path: string): Promise<string> {
  const found = await ifMissing(stat(path), undefined)
  if (!found?.isFile() || found.size > MAX_FILE_BYTES) return ''
  return ifMissing(readFile(path, 'latin1'), '')
}

function tile(
  part: Part,
  records: ReadonlyMap<number, Piece>,
  starts: readonly number[],
  pieceBytes: number,
): Piece[] {
  const pieces: Piece[] = []
  const end = part.offset + part.completed
  let at = part.offset
  // `starts` is sorted, and `at` only grows: one walk through both.
  let next = 0
  while (at < end) {
    while ((starts[next] ?? end) <= at && next < starts.length) next += 1
    const record = records.get(at)
    const isUsable = record !== undefined && record.length > 0 && at + record.length <= end
    const length = Math.min(pieceBytes, end - at, (starts[next] ?? end) - at)
    const piece = isUsable ? record : { start: at, length, isEarlier: true }
    pieces.push(piece)
    at += piece.length
  }
  return pieces
}

/** Replaces the records by those of `pieces`, so that nothing outdated is ever read again. */
export async function rewritePieces(blob: string, pieces: readonly Piece[]): Promise<void> {
  const temporary = `${piecesPath(blob)}.new`
  const known = pieces.filter(isKnown)
  await writeFile(temporary, known.map(recordOf).join(''), { mode: 0o644 })
  await rename(temporary, piecesPath(blob))
}

/** Adds records. One that is lost in a crash costs a check, no data. */
export const appendPieces = (blob: string, pieces: readonly Piece[]): Promise<void> =>
  appendFile(piecesPath(blob), pieces.map(recordOf).join(''))

/** All pieces of a blob while it is fetched. */
export interface PieceMap {
  /** Adds a piece, or puts it in place of one that begins where it does. */
  put(piece: Piece): void
  /** The piece that begins at `start`; waits until there is one. Throws when `signal` aborts. */
  at(start: number, signal: AbortSignal): Promise<Piece>
  /** From `start` up to `end` there is piece after piece. */
  covers(start: number, end: number): boolean
  inOrder(): Piece[]
  /** Those put since the last call. */
  takeUnsaved(): Piece[]
}

export function createPieceMap(pieces: readonly Piece[]): PieceMap {
  const byStart = new Map(pieces.map((piece) => [piece.start, piece]))
  const changes = new EventEmitter()
  let unsaved: Piece[] = []
  return {
    put(piece) {
      byStart.set(piece.start, piece)
      unsaved.push(piece)
      changes.emit('put')
    },
    async at(start, signal) {
      for (;;) {
        const piece = byStart.get(start)
        if (piece) return piece
        await once(changes, 'put', { signal })
      }
    },
    covers(start, end) {
      let at = start
      while (at < end) {
        const piece = byStart.get(at)
        if (piece === undefined) return false
        at += piece.length
      }
      return at === end
    },
    inOrder: () => Array.from(byStart.values()).sort((a, b) => a.start - b.start),
    takeUnsaved() {
      const taken = unsaved
      unsaved = []
      return taken
    },
  }
}
