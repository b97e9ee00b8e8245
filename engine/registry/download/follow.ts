import { EventEmitter, once } from 'node:events'
import type { Hasher } from './hasher.ts'
import type { PieceMap } from './pieces.ts'

/**
 * How far the hash has got. A SHA-256 goes through the blob from its start, so of all that comes at a time only what
 * comes at this place can be hashed while it comes. Whoever brings that leads, and the hash follows: nothing is read
 * back, and no second checksum is needed, for the hash of all that came so far tells damage as well.
 */
export interface Follow {
  /** Every byte before this one is hashed, or will be before whatever is asked next. */
  position(): number
  /** What lies before `position` was read back and hashed. */
  moveTo(position: number): void
  /**
   * Whether the next byte to hash is the one at `start`, so that whoever is about to write there leads. When little
   * that is there already lies between, waits until that is hashed. Throws the reason of `signal`.
   */
  reaches(start: number, signal: AbortSignal): Promise<boolean>
  /** Hashes what comes next, from memory that nobody changes until this resolves. */
  feed(bytes: readonly Uint8Array[]): Promise<void>
  /** SHA-256, in hex, of everything before `position`. */
  digest(): Promise<string>
}

/** `nearBytes` are worth waiting for. */
export function createFollow(
  hasher: Pick<Hasher, 'feed' | 'digest'>,
  pieces: Pick<PieceMap, 'covers'>,
  nearBytes: number,
): Follow {
  const moves = new EventEmitter()
  moves.setMaxListeners(0)
  let position = 0
  return {
    position: () => position,
    moveTo(to) {
      position = to
      moves.emit('move')
    },
    async reaches(start, signal) {
      while (position !== start) {
        const isNear = position < start && start - position <= nearBytes
        if (!isNear || !pieces.covers(position, start)) return false
        await once(moves, 'move', { signal })
      }
      return true
    },
    feed(bytes) {
      position += bytes.reduce((sum, { length }) => sum + length, 0)
      return hasher.feed(bytes)
    },
    digest: hasher.digest,
  }
}
