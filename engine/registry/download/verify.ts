import type { Log } from '../../log.ts'
import type { Hasher } from './hasher.ts'
import type { Piece, PieceMap } from './pieces.ts'

/** A blob whose data is coming in or is all there. */
export interface Verification {
  digest: string
  size: number
  pieces: PieceMap
  hasher: Hasher
  /** Fetches a run of bytes once more into its place. */
  refetch(run: { start: number; length: number }, signal: AbortSignal): Promise<void>
  log: Log
}

/** A place that stays damaged after this many repairs is the disk's fault. */
const MAX_REPAIRS = 3

/**
 * Follows a download from the first byte to the last and hashes what is there. Pieces of an earlier run are first
 * compared with the checksum they had when they came, and those that were damaged since are fetched again, and
 * nothing else is.
 */
export async function hashFollowing(blob: Verification, signal: AbortSignal): Promise<void> {
  let repairs = 0
  for (let at = 0; at < blob.size; ) {
    const piece = await blob.pieces.at(at, signal)
    const crc = piece.isEarlier ? piece.crc : undefined
    if (await blob.hasher.add({ ...piece, crc })) {
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

/**
 * The digest of what is there, `sha256:<hex>`, after repairs where they help. Everything must be there and hashed.
 * When the hash is wrong, there are two ways to find out where:
 *
 * 1. The disk changed what came. Then some piece has no longer the checksum it had when it came.
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
  const isRight = async () => (await blob.hasher.digest()) === blob.digest
  if (!(await isRight())) {
    blob.log.warn({ digest: blob.digest, bytes: blob.size }, 'digest mismatch, looking for the damage')
    if ((await refetchChanged(blob, signal)) > 0) await hashAgain(blob, signal)
    if (!(await isRight())) await probe(blob, isRight, signal)
  }
  return blob.hasher.digest()
}

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
  const isKnown = ({ crc }: Piece) => crc !== undefined
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
    await blob.hasher.add({ ...piece, crc: undefined })
  }
}

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0
