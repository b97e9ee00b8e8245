import type { Log } from '../../log.ts'
import type { Follow } from './follow.ts'
import type { Hasher } from './hasher.ts'
import { isFollowed, isKnown, type Piece, type PieceMap } from './pieces.ts'

/** A blob whose data is coming in or is all there. */
export interface Verification {
  digest: string
  size: number
  pieces: PieceMap
  hasher: Hasher
  follow: Follow
  /** Fetches a run of bytes once more into its place. */
  refetch(run: { start: number; length: number }, signal: AbortSignal): Promise<void>
  log: Log
}

/** A place that stays damaged after this many repairs is the disk's fault. */
const MAX_REPAIRS = 3

/**
 * Follows a download from the first byte to the last and hashes what is there and was not hashed while it came.
 * Pieces of an earlier run are first compared with the checksum they had when they came, and those that were damaged
 * since are fetched again, and nothing else is.
 *
 * The checksum may be that of everything up to the piece's end. When it does not match although the piece has just
 * been fetched, then it is itself damaged, or something before that had no checksum: those of later pieces say
 * nothing any more, and what is wrong is left to `finalDigest`.
 */
export async function hashFollowing(blob: Verification, signal: AbortSignal): Promise<void> {
  const belief: Belief = { inPrefixes: true, expected: undefined }
  let repairs = 0
  for (let at = 0; at < blob.size; ) {
    const piece = await blob.pieces.at(at, signal)
    if (isFollowed(piece) || (await readBack(blob, piece, belief))) {
      at += piece.length
      repairs = 0
    } else {
      repairs += 1
      if (repairs > MAX_REPAIRS)
        throw new Error(`byte ${at} of ${blob.digest} does not stay as it was written`)
      blob.log.warn({ digest: blob.digest, start: at, bytes: piece.length }, 'damaged piece is fetched again')
      await blob.refetch(piece, signal)
    }
    signal.throwIfAborted()
  }
}

interface Belief {
  inPrefixes: boolean
  /** What the hash of everything up to the end of the piece that is fetched again should be. */
  expected: string | undefined
}

/** Hashes a piece out of the file. False when it is damaged. */
async function readBack({ hasher, follow }: Verification, piece: Piece, belief: Belief): Promise<boolean> {
  const { start, length, isEarlier } = piece
  const crc = isEarlier ? piece.crc : undefined
  const prefix = isEarlier && belief.inPrefixes ? piece.prefix : undefined
  if (!(await hasher.add({ start, length, crc, prefix }))) {
    belief.expected = prefix
    return false
  }
  if (belief.expected !== undefined && belief.expected !== (await hasher.digest())) belief.inPrefixes = false
  belief.expected = undefined
  follow.moveTo(start + length)
  return true
}

/**
 * The digest of what is there, `sha256:<hex>`, after repairs where they help. Everything must be there and hashed.
 * When the hash is wrong, there are two ways to find out where:
 *
 * 1. The disk changed what came before it was hashed. Then some piece has no longer the checksum it had when it came.
 * 2. Wrong bytes came. No checksum of ours can tell which they were, but a second answer can: the registry is asked
 *    for one piece after the other again, and where it answers differently the new answer replaces the old one.
 *    Pieces whose origin is unknown come first, and may be all it takes. The blob is hashed anew after the first difference, and then each
 *    time their number has doubled, so that one damaged piece is soon repaired, and a registry that answers
 *    differently every time does not keep us hashing.
 *
 * A registry that gives the same wrong bytes twice has another file than the manifest says: there is nothing to
 * repair.
 */
export async function finalDigest(blob: Verification, signal: AbortSignal): Promise<string> {
  const isRight = async () => (await sha256(blob)) === blob.digest
  if (!(await isRight())) {
    blob.log.warn({ digest: blob.digest, bytes: blob.size }, 'digest mismatch, looking for the damage')
    if ((await refetchChanged(blob, signal)) > 0) await hashAgain(blob, signal)
    if (!(await isRight())) await probe(blob, isRight, signal)
  }
  return sha256(blob)
}

const sha256 = async ({ hasher }: Verification) => `sha256:${await hasher.digest()}`

async function refetchChanged(blob: Verification, signal: AbortSignal): Promise<number> {
  let changed = 0
  for (const piece of blob.pieces.inOrder()) {
    signal.throwIfAborted()
    if (piece.crc === undefined || (await blob.hasher.crc(piece)) === piece.crc) continue
    changed += 1
    await blob.refetch(piece, signal)
  }
  return changed
}

async function probe(
  blob: Verification,
  isRight: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const pieces = blob.pieces.inOrder()
  for (const suspects of [pieces.filter((piece) => !isKnown(piece)), pieces.filter(isKnown)]) {
    if (await replaceSome(blob, suspects, isRight, signal)) return
  }
}

/** Asks for each piece again. True as soon as the blob is right; differences may remain otherwise. */
async function replaceSome(
  blob: Verification,
  suspects: readonly Piece[],
  isRight: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  let changed = 0
  let isHashed = true
  for (const piece of suspects) {
    const before = await blob.hasher.crc(piece)
    await blob.refetch(piece, signal)
    if ((await blob.hasher.crc(piece)) === before) continue
    changed += 1
    blob.log.warn({ digest: blob.digest, start: piece.start, bytes: piece.length }, 'piece came differently')
    isHashed = isPowerOfTwo(changed)
    if (!isHashed) continue
    await hashAgain(blob, signal)
    if (await isRight()) return true
  }
  if (!isHashed) await hashAgain(blob, signal)
  return isRight()
}

async function hashAgain(blob: Verification, signal: AbortSignal): Promise<void> {
  await blob.hasher.reset()
  for (const piece of blob.pieces.inOrder()) {
    signal.throwIfAborted()
    await blob.hasher.add({ start: piece.start, length: piece.length })
  }
}

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0
