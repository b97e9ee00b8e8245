import { bestFor, covers, prefixOf, type SavedPrefix, type SavedState } from './saved-state.ts'

export interface RamEntry extends SavedPrefix {
  readonly state: SavedState
}

/** States in host memory, the least recently used given up first. */
export interface RamTier {
  /** The entry that saves the prompt the most tokens. */
  best(beginning: ArrayLike<number>): { saved: RamEntry; prefix: number } | undefined
  covers(tokens: ArrayLike<number>): boolean
  /** Keeps a state unless it is larger than the bound; what had to go for it, oldest first. */
  add(state: SavedState): RamEntry[]
  /** The entry was used just now. */
  touch(entry: RamEntry): void
  remove(entry: RamEntry): void
  /** Oldest first. */
  entries(): RamEntry[]
  bytes(): number
}

/** At most `limit` bytes. `canGoBack`: the model needs no checkpoints. */
export function createRamTier(limit: number, canGoBack: boolean): RamTier {
  // In order of use: a Set keeps the order of insertion.
  const entries = new Set<RamEntry>()
  let bytes = 0

  function remove(entry: RamEntry): void {
    if (entries.delete(entry)) bytes -= entry.bytes
  }

  return {
    best: (beginning) => bestFor(entries, beginning, canGoBack),
    covers: (tokens) => [...entries].some((entry) => covers(entry, tokens, canGoBack)),
    add(state) {
      const entry = { ...prefixOf(state), state }
      if (entry.bytes > limit) return []
      for (const older of entries) if (covers(entry, older.tokens, canGoBack)) remove(older)
      const gone: RamEntry[] = []
      for (const oldest of entries) {
        if (bytes + entry.bytes <= limit) break
        remove(oldest)
        gone.push(oldest)
      }
      entries.add(entry)
      bytes += entry.bytes
      return gone
    },
    touch(entry) {
      if (entries.delete(entry)) entries.add(entry)
    },
    remove,
    entries: () => [...entries],
    bytes: () => bytes,
  }
}
