/**
 * Who may take cells of the pool. A pool with a whole context for every slot never runs out; in a smaller one a
 * request starts when its prompt and some room to answer are free, and when the pool is full all the same,
 * cells are won back: first those that idle slots keep for later prompts, then those of the youngest request,
 * which goes on later from where it was. The oldest always runs, so everybody's turn comes.
 */
import type { RunnerRequest } from '../backend.ts'
import { clearCells } from './cells.ts'
import type { NativeModel } from './native-model.ts'
import { commonPrefix, type Placement, type Slot, type Task } from './slots.ts'
import { contextOf } from './task.ts'

/** Cells that must be free beyond the prompt, unless the answer is to be shorter. */
const ANSWER_RESERVE = 256

/** A request without a slot; `task` when it was already in work and lost its cells. */
export interface Waiting {
  id: number
  request: RunnerRequest
  task?: Task
}

/** The tokens to evaluate before an answer begins or goes on. */
export const promptOf = ({ request, task }: Waiting): readonly number[] => task?.pending ?? request.prompt

/**
 * Whether there are cells for this prompt where it is to be placed. Idle slots give up theirs for it, the least
 * recently used first. True whenever nothing else runs: then waiting would not help.
 */
export function hasRoomFor(
  model: NativeModel,
  slots: readonly Slot[],
  waiting: Waiting,
  { slot, source, prefix }: Placement,
): boolean {
  if (model.cells >= slots.length * model.contextLength) return true
  const { maxTokens } = waiting.request
  const reserve = maxTokens < 0 ? ANSWER_RESERVE : Math.min(maxTokens, ANSWER_RESERVE)
  const needed = Math.min(contextOf(model, waiting.request), promptOf(waiting).length + reserve)
  const others = slots.filter((other) => other !== slot)
  const borrowed = source === slot ? 0 : prefix
  const isShort = () => usedCells(others) + needed - borrowed > model.cells
  while (isShort()) {
    const idle = leastRecent(others.filter((other) => other !== source && isIdle(other)))
    if (idle === undefined) return slots.every((other) => other.task === undefined)
    clearCells(model, idle)
  }
  return true
}

/**
 * The pool is full in mid-generation. Wins cells back from an idle slot, or takes the youngest of several running
 * requests out of its slot and gives it back for the queue. `failed` when neither is possible.
 */
export function winBackCells(model: NativeModel, slots: readonly Slot[]): Waiting | 'freed' | 'failed' {
  const idle = leastRecent(slots.filter(isIdle))
  if (idle !== undefined) {
    clearCells(model, idle)
    return 'freed'
  }
  const running = slots.filter((slot) => slot.task !== undefined)
  const youngest = running.toSorted((a, b) => (b.task?.id ?? 0) - (a.task?.id ?? 0))[0]
  if (youngest?.task === undefined || running.length === 1) return 'failed'
  const { task } = youngest
  task.pending = [...youngest.tokens, ...task.pending.slice(task.fed)]
  task.fed = 0
  youngest.task = undefined
  clearCells(model, youngest)
  return { id: task.id, request: task.request, task }
}

/** Cells in use: those that two slots share count once. */
export function usedCells(slots: readonly Slot[]): number {
  return slots.reduce((sum, slot, at) => {
    const before = slot.isShared ? slots.slice(0, at).filter((other) => other.isShared) : []
    const shared = before.map((other) => commonPrefix(other.tokens, slot.tokens))
    return sum + slot.tokens.length - Math.max(0, ...shared)
  }, 0)
}

const isIdle = (slot: Slot): boolean => slot.task === undefined && slot.tokens.length > 0

const leastRecent = (slots: readonly Slot[]): Slot | undefined =>
  slots.toSorted((a, b) => a.lastUse - b.lastUse)[0]
