/** What a slot's sequence holds in the KV cache, kept equal to `slot.tokens` by every function here. */
import type { NativeModel } from './native-model.ts'
import type { Slot, Task } from './slots.ts'

/** Forgets everything the slot holds. */
export function clearCells(model: NativeModel, slot: Slot): void {
  model.library.removeCells(model.memory, slot.sequence, -1, -1)
  slot.tokens = []
  slot.isShared = false
}

/** Leaves exactly the reusable prefix in the slot, taken from `source` when that is another one; its length. */
export function reusePrefix(model: NativeModel, slot: Slot, source: Slot, prefix: number): number {
  const { library, memory } = model
  if (source !== slot) {
    clearCells(model, slot)
    // A copy takes no window along: what is copied of such layers lies before the window.
    if (model.slidingWindow > 0) return 0
    library.copyCells(memory, source.sequence, slot.sequence, 0, prefix)
    slot.tokens = source.tokens.slice(0, prefix)
    // Shared cells carry one position for all their sequences: they must not be moved any more.
    slot.isShared = true
    source.isShared = true
  }
  const isKept =
    prefix > 0 && holdsFrom(model, slot, prefix) && library.removeCells(memory, slot.sequence, prefix, -1)
  if (!isKept) {
    clearCells(model, slot)
    return 0
  }
  slot.tokens.length = prefix
  return prefix
}

/** Sliding-window and recurrent layers forget: a prefix is reusable only while its window is in memory. */
function holdsFrom(model: NativeModel, slot: Slot, prefix: number): boolean {
  const first = model.library.firstPosition(model.memory, slot.sequence)
  return first >= 0 && first <= (model.slidingWindow === 0 ? 0 : Math.max(0, prefix - model.slidingWindow))
}

/** Forgets what a decode that did not succeed may have half written. */
export function dropUnfinished(model: NativeModel, slot: Slot): void {
  const isDropped = model.library.removeCells(model.memory, slot.sequence, slot.tokens.length, -1)
  if (!isDropped) clearCells(model, slot)
}

/**
 * Keeps the first tokens, drops half of the rest, and moves what follows down (llama-server's context shift).
 * Cells that other sequences use cannot be moved; then the kept tokens are put before the task's pending ones.
 */
export function shiftContext(model: NativeModel, slot: Slot, task: Task): void {
  const { keepTokens, prompt } = task.request
  const wanted = keepTokens < 0 ? prompt.length : keepTokens + (model.addsBos ? 1 : 0)
  const keep = Math.min(wanted, model.contextLength - 4)
  const length = slot.tokens.length
  const discard = Math.ceil((length - keep) / 2)
  const kept = [...slot.tokens.slice(0, keep), ...slot.tokens.slice(keep + discard)]
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
}
