/** What a slot's sequence holds in the KV cache, kept equal to `slot.tokens` by every function here. */
import type { NativeModel } from './native-model.ts'
import { newestWithin } from './prefix/checkpoints.ts'
import { canGoBack, putState, takeState } from './prefix/state.ts'
import type { Placement, Slot, Task } from './slots.ts'
import { contextOf } from './task.ts'

/** Forgets everything the slot holds. */
export function clearCells(model: NativeModel, slot: Slot): void {
  model.library.removeCells(model.memory, slot.sequence, -1, -1)
  slot.tokens = []
  slot.checkpoints = []
  slot.exactLength = Number.POSITIVE_INFINITY
  slot.isShared = false
}

/** How many of the slot's first `common` tokens another prompt could build on. */
export function reusableTokens(model: NativeModel, slot: Slot, common: number): number {
  const most = Math.min(common, slot.exactLength)
  if (most === slot.tokens.length || canDropTail(model, slot, most)) return most
  return newestWithin(slot.checkpoints, most)?.length ?? 0
}

/** Recurrent layers never go back; sliding-window layers can while the window before `length` is in memory. */
function canDropTail(model: NativeModel, slot: Slot, length: number): boolean {
  if (canGoBack(model)) return true
  if (model.isRecurrent) return false
  const first = model.library.firstPosition(model.memory, slot.sequence)
  return first >= 0 && first <= Math.max(0, length - model.slidingWindow)
}

/** Leaves in the slot what can be reused of the prefix that the placement found; its length. */
export function reusePrefix(model: NativeModel, { slot, source, prefix }: Placement): Promise<number> {
  return source === slot ? rewind(model, slot, prefix) : share(model, slot, source, prefix)
}

/**
 * Leaves at most the first `length` tokens of the slot, fewer where its model cannot go back to exactly there;
 * how many they are.
 */
export async function rewind(model: NativeModel, slot: Slot, length: number): Promise<number> {
  const at = reusableTokens(model, slot, length)
  const isTail = at === slot.tokens.length || canDropTail(model, slot, at)
  const isDropped = at > 0 && isTail && model.library.removeCells(model.memory, slot.sequence, at, -1)
  const kept = isDropped ? at : await returnToCheckpoint(model, slot, slot, at)
  if (kept === 0) {
    clearCells(model, slot)
    return 0
  }
  slot.tokens.length = kept
  slot.checkpoints = slot.checkpoints.filter((checkpoint) => checkpoint.length <= kept)
  if (kept <= slot.exactLength) slot.exactLength = Number.POSITIVE_INFINITY
  return kept
}

/** Puts the newest checkpoint of `source` at or before `length` into the slot, whose other cells go on from there. */
async function returnToCheckpoint(
  model: NativeModel,
  slot: Slot,
  source: Slot,
  length: number,
): Promise<number> {
  const checkpoint = newestWithin(source.checkpoints, length)
  if (checkpoint === undefined) return 0
  // In this order: recurrent layers refuse to lose their tail.
  const isBack =
    (await putState(model, slot.sequence, checkpoint.state, 'window')) &&
    model.library.removeCells(model.memory, slot.sequence, checkpoint.length, -1)
  return isBack ? checkpoint.length : 0
}

/** Shares the cells of another slot's first tokens; the length of what is shared. */
async function share(model: NativeModel, slot: Slot, source: Slot, prefix: number): Promise<number> {
  const { library, memory } = model
  clearCells(model, slot)
  const isFree = canGoBack(model)
  const tip = prefix === source.tokens.length ? prefix : 0
  const length = isFree ? prefix : tip || (newestWithin(source.checkpoints, prefix)?.length ?? 0)
  if (length === 0) return 0
  library.copyCells(memory, source.sequence, slot.sequence, 0, length)
  if (!isFree) {
    // A window or a state is never shared: every sequence has to overwrite its own.
    const state = tip > 0 ? await takeState(model, source.sequence, 'window') : undefined
    const isOwn =
      state === undefined
        ? (await returnToCheckpoint(model, slot, source, length)) > 0
        : await putState(model, slot.sequence, state, 'window')
    if (!isOwn) {
      clearCells(model, slot)
      return 0
    }
  }
  slot.tokens = source.tokens.slice(0, length)
  slot.checkpoints = source.checkpoints.filter((checkpoint) => checkpoint.length <= length)
  // Shared cells carry one position for all their sequences: they must not be moved any more.
  slot.isShared = true
  source.isShared = true
  return length
}

/** Forgets what a decode that did not succeed may have half written. */
export async function dropUnfinished(model: NativeModel, slot: Slot): Promise<void> {
  await rewind(model, slot, slot.tokens.length)
}

/**
 * Keeps the first tokens, drops half of the rest, and moves what follows down (llama-server's context shift).
 * Cells that other sequences use cannot be moved; then the kept tokens are put before the task's pending ones.
 */
export function shiftContext(model: NativeModel, slot: Slot, task: Task): void {
  const keep = shiftKeeps(model, task)
  const length = slot.tokens.length
  const discard = Math.ceil((length - keep) / 2)
  const kept = [...slot.tokens.slice(0, keep), ...slot.tokens.slice(keep + discard)]
  task.shiftedTokens += discard
  if (slot.isShared) {
    clearCells(model, slot)
    task.pending = [...kept, ...task.pending.slice(task.fed)]
    task.fed = 0
    return
  }
  const { library, memory } = model
  library.removeCells(memory, slot.sequence, keep, keep + discard)
  library.moveCells(memory, slot.sequence, keep + discard, length, -discard)
  slot.tokens = kept
  slot.checkpoints = slot.checkpoints.filter((checkpoint) => checkpoint.length <= keep)
  // What was moved has seen tokens that are no longer there: it is not what these tokens alone would give.
  slot.exactLength = Math.min(slot.exactLength, keep)
}

/** Tokens at the front that a shift for this task leaves where they are. */
export function shiftKeeps(model: NativeModel, { request }: Task): number {
  const { keepTokens, prompt } = request
  const wanted = keepTokens < 0 ? prompt.length : keepTokens + (model.addsBos ? 1 : 0)
  return Math.min(wanted, contextOf(model, request) - 4)
}
