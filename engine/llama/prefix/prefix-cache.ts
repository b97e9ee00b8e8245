/**
 * Where the beginnings of prompts are found again. Three tiers, each slower and larger than the one before:
 * what the slots hold, states copied to host memory when a slot was about to lose them, and files. Nothing
 * here runs while a decode does, except where it says so.
 */
import { clearCells, reusableTokens, reusePrefix, rewind } from '../cells.ts'
import type { NativeModel } from '../native-model.ts'
import { commonPrefix, oldestFree, type Placement, placementFor, type Slot, withoutLast } from '../slots.ts'
import { checkpointMarks, LEAST_KEPT, withCheckpoint } from './checkpoints.ts'
import type { DiskTier } from './disk-tier.ts'
import { createRamTier } from './ram-tier.ts'
import { prefixOf, type SavedState, usablePrefix } from './saved-state.ts'
import { canGoBack, putState, takeState } from './state.ts'

/** Checkpoints a slot has at most. */
const MOST_CHECKPOINTS = 4
/** A slot without a task for this long is written to disk, so that a crash loses little. */
const IDLE_MS = 3000
/** What a byte costs to put back, rather too much: from memory, and from a file with its check. */
const RAM_MS_PER_BYTE = 1 / 1e6
const DISK_MS_PER_BYTE = 4 / 1e6
/** Steps with fewer tokens say nothing of how fast prompts are evaluated. */
const LEAST_MEASURED = 32

export interface PrefixCache {
  /**
   * Brings what the prompt could use from disk to memory; undefined when there is no disk. Never rejects. May
   * run at any time.
   */
  fetch(prompt: readonly number[], slots: readonly Slot[]): Promise<void> | undefined
  /** Where the prompt should run, and what it should start from; undefined when no slot is free. */
  place(prompt: readonly number[], slots: readonly Slot[]): Placement | undefined
  /** Leaves in the placement's slot as much of the prompt as can be had; how many tokens that is. */
  prepare(placement: Placement): Promise<number>
  /** Where the evaluation of a prompt should stop for `checkpoint`. */
  marksFor(prompt: readonly number[], cachedTokens: number, common: number): number[]
  checkpoint(slot: Slot): Promise<void>
  /** To be called before a slot loses all but its first `remaining` tokens. */
  keep(slot: Slot, remaining: number): Promise<void>
  /** A decode step of so many tokens took so long. */
  measure(tokens: number, ms: number): void
  /** Milliseconds after which an idle slot should be handed to `saveIdle`; undefined when it need not. */
  readonly saveIdleAfterMs: number | undefined
  saveIdle(slots: readonly Slot[]): Promise<void>
  /** Writes to disk all that is only in memory, the latest used first. */
  flush(slots: readonly Slot[]): Promise<void>
}

/** The cache with at most `ramBytes` of host memory and, if there is one, a folder. */
export function createPrefixCache(
  model: NativeModel,
  ramBytes: number,
  disk: DiskTier | undefined,
): PrefixCache {
  const goesBack = canGoBack(model)
  // A model that needs checkpoints has half of the memory for those of its slots.
  const ram = createRamTier(goesBack ? ramBytes : ramBytes / 2, goesBack)
  /** Read from disk and too large for the RAM tier: waits for its prompt, or for the next to take its place. */
  let transit: SavedState | undefined
  let fetching: Promise<void> = Promise.resolve()
  let isWriting = false
  let msPerToken: number | undefined

  const isWorth = (gain: number, bytes: number, msPerByte: number): boolean =>
    gain >= LEAST_KEPT && (msPerToken === undefined || gain * msPerToken > bytes * msPerByte)

  /** The state in memory that saves the prompt the most. */
  function bestSaved(beginning: readonly number[]) {
    const kept = ram.best(beginning)
    const carried = transit && usablePrefix(prefixOf(transit), beginning, goesBack)
    if (transit !== undefined && carried !== undefined && carried > (kept?.prefix ?? 0))
      return { state: transit, prefix: carried, bytes: prefixOf(transit).bytes }
    return kept && { state: kept.saved.state, prefix: kept.prefix, bytes: kept.saved.bytes }
  }

  async function fetchNow(prompt: readonly number[], slots: readonly Slot[]): Promise<void> {
    if (disk === undefined) return
    await disk.refresh()
    const beginning = withoutLast(prompt)
    const found = disk.best(beginning)
    if (found === undefined) return
    // From what is known of the slots here: native memory may be in use by a decode.
    const held = slots.map(({ tokens, checkpoints }) =>
      usablePrefix({ tokens, lengths: checkpoints.map(({ length }) => length) }, beginning, goesBack),
    )
    const gain = found.prefix - Math.max(bestSaved(beginning)?.prefix ?? 0, ...held)
    if (!isWorth(gain, found.saved.bytes, DISK_MS_PER_BYTE)) return
    const state = await disk.read(found.saved)
    if (state === undefined) return
    give(state)
    if (!ram.covers(state.tokens)) transit = state
  }

  /** Into the RAM tier; what has to leave it goes to disk. */
  function give(state: SavedState): void {
    for (const gone of ram.add(state)) toDisk(gone.state)
  }

  /** In the background, one at a time: what comes faster than it can be written is let go. */
  function toDisk(state: SavedState): void {
    if (disk === undefined || isWriting || disk.covers(state.tokens)) return
    isWriting = true
    void disk.write(state).then(() => {
      isWriting = false
    })
  }

  async function capture(slot: Slot): Promise<SavedState | undefined> {
    const tokens = Int32Array.from(slot.tokens)
    const whole = await takeState(model, slot.sequence, 'whole')
    return whole && { tokens, whole, checkpoints: slot.checkpoints }
  }

  /** What a context shift moved is no longer what its tokens alone would give. */
  const isKeepable = ({ tokens, exactLength }: Slot): boolean =>
    tokens.length >= LEAST_KEPT && exactLength >= tokens.length

  const isMuch = (lost: number, length: number): boolean => lost >= Math.max(LEAST_KEPT, length / 4)

  async function restore(slot: Slot, state: SavedState, prefix: number): Promise<number> {
    clearCells(model, slot)
    if (!(await putState(model, slot.sequence, state.whole, 'whole'))) {
      clearCells(model, slot)
      const entry = ram.entries().find((kept) => kept.state === state)
      if (entry !== undefined) ram.remove(entry)
      disk?.reject(state)
      return 0
    }
    slot.tokens = Array.from(state.tokens)
    slot.checkpoints = state.checkpoints
    return rewind(model, slot, prefix)
  }

  async function keep(slot: Slot, remaining: number): Promise<void> {
    const { tokens } = slot
    if (!isKeepable(slot) || !isMuch(tokens.length - remaining, tokens.length)) return
    if (ram.covers(tokens)) return
    const size = model.library.stateSize(model.context, slot.sequence, 0)
    const fitsRam = size <= ramBytes
    if (!fitsRam && (disk === undefined || isWriting || disk.covers(tokens))) return
    const state = await capture(slot)
    if (state === undefined) return
    if (fitsRam) give(state)
    else toDisk(state)
  }

  return {
    fetch(prompt, slots) {
      if (disk === undefined || prompt.length <= LEAST_KEPT) return undefined
      // In turn: prompts with the same beginning find what the first of them brought.
      fetching = fetching.then(() => fetchNow(prompt, slots)).catch(() => {})
      return fetching
    },
    place(prompt, slots) {
      const placement = placementFor(prompt, slots, (slot, common) => reusableTokens(model, slot, common))
      const slot = oldestFree(slots)
      if (placement === undefined || slot === undefined) return undefined
      const beginning = withoutLast(prompt)
      const best = bestSaved(beginning)
      if (best === undefined || !isWorth(best.prefix - placement.prefix, best.bytes, RAM_MS_PER_BYTE))
        return placement
      const common = Math.max(placement.common, commonPrefix(best.state.tokens, beginning))
      return { slot, source: slot, prefix: best.prefix, common, saved: best.state }
    },
    async prepare(placement) {
      const { slot, source, prefix, saved } = placement
      await keep(slot, saved === undefined && source === slot ? prefix : 0)
      if (saved === undefined) return reusePrefix(model, placement)
      const entry = ram.entries().find(({ state }) => state === saved)
      if (entry !== undefined) ram.touch(entry)
      if (saved === transit) transit = undefined
      return restore(slot, saved, prefix)
    },
    marksFor(prompt, from, common) {
      if (goesBack || ramBytes === 0) return []
      return checkpointMarks({ length: prompt.length, from, common, batch: model.batch.capacity })
    },
    async checkpoint(slot) {
      const size = model.library.stateSize(model.context, slot.sequence, 1)
      const most = Math.min(MOST_CHECKPOINTS, Math.floor(ramBytes / 2 / model.sequences / size))
      if (most < 1) return
      const state = await takeState(model, slot.sequence, 'window')
      if (state === undefined) return
      slot.checkpoints = withCheckpoint(slot.checkpoints, { length: slot.tokens.length, state }, most)
    },
    keep,
    measure(tokens, ms) {
      if (tokens < LEAST_MEASURED) return
      const now = ms / tokens
      msPerToken = msPerToken === undefined ? now : msPerToken + (now - msPerToken) / 8
    },
    saveIdleAfterMs: disk === undefined ? undefined : IDLE_MS,
    async saveIdle(slots) {
      for (const slot of slots) {
        const { tokens, task, idleSince } = slot
        const isIdle = task === undefined && performance.now() - idleSince >= IDLE_MS
        if (disk === undefined || isWriting || !isIdle || !isKeepable(slot)) continue
        const written = disk.best(tokens)?.prefix ?? 0
        if (!isMuch(tokens.length - written, tokens.length)) continue
        const state = await capture(slot)
        if (state !== undefined) toDisk(state)
      }
    },
    async flush(slots) {
      const write = async (state: SavedState | undefined) => {
        if (state !== undefined && disk?.covers(state.tokens) === false) await disk.write(state)
      }
      const isUnwritten = (slot: Slot) => isKeepable(slot) && disk?.covers(slot.tokens) === false
      const latestFirst = slots.toSorted((a, b) => b.lastUse - a.lastUse)
      for (const slot of latestFirst.filter(isUnwritten)) await write(await capture(slot))
      for (const { state } of ram.entries().toReversed()) await write(state)
    },
  }
}
