import type { NativeModel } from './native-model.ts'
import { isScoring, scoredAtOnce, scoresNext } from './prompt-scores.ts'
import { isAnswering, type Slot, type Task } from './slots.ts'
import { draftsFor } from './speculation/drafts.ts'

/** A slot's part of one decode step. `row`: where its logits will be, when it is to be sampled. */
export interface Share {
  slot: Slot
  task: Task
  count: number
  /** Of its first token; the others follow. */
  firstRow: number
  row: number | undefined
  /** Tokens behind the last one of `count`, on the rows behind `row`: nobody knows yet whether they follow. */
  drafts: readonly number[]
}

/**
 * Fills the batch: running answers first, one token each; prompts share the room that is left evenly, so that
 * neither holds the other up for longer than one step.
 */
export function fillBatch(model: NativeModel, slots: readonly Slot[]): Share[] {
  const { batch } = model
  batch.clear()
  const shares: Share[] = []
  const prompts: { slot: Slot; task: Task }[] = []
  for (const slot of slots) {
    const { task } = slot
    if (task === undefined || task.isPaused) continue
    if (isAnswering(task)) {
      const drafts = draftsFor(model, slots, slot, task)
      shares.push({ ...feed(model, slot, task, 1), drafts })
      addDrafts(model, slot, drafts)
    } else prompts.push({ slot, task })
  }
  const scored = scoredAtOnce(model, prompts.filter(({ task }) => isScoring(task)).length)
  for (const [index, { slot, task }] of prompts.entries()) {
    const room = Math.ceil((batch.capacity - batch.size()) / (prompts.length - index))
    const most = isScoring(task) ? Math.min(room, scored) : room
    if (most > 0) shares.push(feed(model, slot, task, most))
  }
  return shares
}

function feed(model: NativeModel, slot: Slot, task: Task, most: number): Share {
  // A step ends where a checkpoint is to be taken.
  const untilMark = (task.marks[0] ?? Number.POSITIVE_INFINITY) - slot.tokens.length
  const count = Math.min(most, task.pending.length - task.fed, untilMark)
  const isComplete = task.fed + count === task.pending.length
  const firstRow = model.batch.size()
  for (let i = 0; i < count; i++) {
    const isLast = isComplete && i === count - 1
    const token = task.pending[task.fed + i] ?? 0
    const position = slot.tokens.length + i
    model.batch.add(token, position, slot.sequence, isLast || scoresNext(task, position))
  }
  return { slot, task, count, firstRow, row: isComplete ? firstRow + count - 1 : undefined, drafts: [] }
}

function addDrafts({ batch }: NativeModel, slot: Slot, drafts: readonly number[]): void {
  for (const [i, token] of drafts.entries()) batch.add(token, slot.tokens.length + 1 + i, slot.sequence, true)
}
