import type { StepEvent } from '../runner/protocol.ts'
import type { Answering } from './answering.ts'
import type { NativeModel } from './native-model.ts'
import type { PrefixCache } from './prefix/prefix-cache.ts'
import { isScoring, takeScores } from './prompt-scores.ts'
import { dropDrafts, takeRows } from './speculation/drafts.ts'
import type { Share } from './step.ts'

/**
 * What to do with each share of a step that succeeded: its tokens are in memory, and a complete prompt or answer gets
 * its next token, or several where drafts were right.
 */
export function createStepResult(
  model: NativeModel,
  cache: PrefixCache,
  answering: Answering,
  emit: (event: StepEvent) => void,
): (share: Share) => Promise<void> {
  return async (share) => {
    const { slot, task, count, row, drafts } = share
    if (isScoring(task) && !task.isCancelled) {
      const tokens = takeScores(model, share, slot.tokens.length)
      emit({ id: task.id, type: 'prompt-tokens', tokens })
    }
    for (let i = 0; i < count; i++) slot.tokens.push(task.pending[task.fed + i] ?? 0)
    task.fed += count
    if (slot.tokens.length === task.marks[0]) {
      task.marks = task.marks.slice(1)
      await cache.checkpoint(slot)
    }
    if (row === undefined) return
    if (task.isCancelled) dropDrafts(model, slot, drafts.length)
    else takeRows(model, answering, { slot, task, row, drafts })
  }
}
