import type { Answering } from '../answering.ts'
import type { NativeModel } from '../native-model.ts'
import { isAnswering, type Slot, type Task } from '../slots.ts'
import { contextOf } from '../task.ts'

/**
 * What to compute behind the next token of an answer. None beside another answer, which would wait for rows that are
 * not its own; and none that could cost anybody anything but time: cells, context, or room in the step that a prompt
 * waits for.
 */
export function draftsFor(
  model: NativeModel,
  slots: readonly Slot[],
  slot: Slot,
  task: Task,
): readonly number[] {
  const { drafter, request, outputTokens } = task
  if (drafter === undefined || slots.some((other) => other !== slot && isAtWork(other))) return []
  const most = Math.min(
    contextOf(model, request) - slot.tokens.length - 1,
    // After the last token of an answer nothing is computed.
    request.maxTokens < 0 ? Number.POSITIVE_INFINITY : request.maxTokens - outputTokens - 1,
    freeCells(model, slots),
    Math.floor(model.batch.capacity / 2),
  )
  const drafts = drafter.draft(most)
  const end = drafts.findIndex((token) => model.library.isEndOfGeneration(model.vocabulary, token))
  return end < 0 ? drafts : drafts.slice(0, end)
}

const isAtWork = ({ task }: Slot): boolean => task !== undefined && !task.isPaused && isAnswering(task)

/** Cells that nobody holds and no prompt of this step can need. */
function freeCells(model: NativeModel, slots: readonly Slot[]): number {
  if (model.cells >= slots.length * model.contextLength) return Number.POSITIVE_INFINITY
  // Shared cells count for every slot: rather too few are free than too many.
  const held = slots.reduce((sum, { tokens }) => sum + tokens.length, 0)
  return model.cells - held - model.batch.capacity
}

/**
 * Samples the row of the answer's next token, and goes on to the rows of its drafts as long as each is what was sampled
 * before it: every token is chosen as it would have been without. Cells of drafts that were not are removed.
 */
export function takeRows(
  model: NativeModel,
  answering: Answering,
  { slot, task, row, drafts }: { slot: Slot; task: Task; row: number; drafts: readonly number[] },
): void {
  let accepted = 0
  answering.countDrafted(task, drafts.length)
  for (;;) {
    answering.advance(slot, task, row + accepted)
    const draft = drafts[accepted]
    // The answer may have ended with that token.
    if (draft === undefined || slot.task !== task || task.pending[0] !== draft) break
    slot.tokens.push(draft)
    task.fed = 1
    accepted += 1
    answering.countAccepted(task)
  }
  dropDrafts(model, slot, drafts.length - accepted)
}

/** Removes so many cells behind the slot's tokens. Memory that can go back gives up any tail. */
export function dropDrafts({ library, memory }: NativeModel, slot: Slot, count: number): void {
  if (count > 0) library.removeCells(memory, slot.sequence, slot.tokens.length, -1)
}
