import { failureOf, type StepEvent } from '../runner/protocol.ts'
import type { StopReason } from '../types.ts'
import { logprobsOf } from './logprobs.ts'
import type { NativeModel } from './native-model.ts'
import type { Slot, Task } from './slots.ts'

/** What becomes of the rows of a decode step: tokens, text, the ends of answers. */
export interface Answering {
  /** Samples the next token of the task at a row of the last decode, unless the task has all it may have. */
  advance(slot: Slot, task: Task, row: number): void
  /** An end without a stop string: what was held back belongs to the answer. */
  finish(slot: Slot, task: Task, reason: StopReason): void
  /** So many tokens have been computed ahead of the answer. */
  countDrafted(task: Task, tokens: number): void
  /** One of them is what was sampled, and its row is used. To be called before that row's `advance`. */
  countAccepted(task: Task): void
  /** Tokens since the model was loaded: sampled, computed ahead, and of these those that were then sampled. */
  counts(): { outputTokens: number; draftedTokens: number; acceptedTokens: number }
}

/** `emit` gets what there is to tell; `release` frees the slot of an answer that has ended. */
export function createAnswering(
  model: NativeModel,
  emit: (event: StepEvent) => void,
  release: (slot: Slot) => void,
): Answering {
  const counts = { outputTokens: 0, draftedTokens: 0, acceptedTokens: 0 }

  function takeToken(slot: Slot, task: Task, row: number): void {
    const token = sampled(slot, task, row)
    if (token === undefined) return
    task.outputTokens += 1
    counts.outputTokens += 1
    if (model.library.isEndOfGeneration(model.vocabulary, token)) {
      finish(slot, task, 'stop')
      return
    }
    task.unreported += 1
    task.tokenIds.push(token)
    task.drafter?.push(token)
    const { topLogprobs } = task.request
    const bytes = task.shown.get(token) ?? model.tokenBytes(token)
    if (topLogprobs !== undefined) task.logprobs.push(logprobsOf(model, row, { token, bytes }, topLogprobs))
    const { text, stopped } = task.text.push(bytes)
    if (text !== '') report(task, text)
    if (stopped) end(slot, task, 'stop')
    else if (isSpent(task)) finish(slot, task, 'length')
    task.pending = [token]
    task.fed = 0
  }

  /** Undefined when nothing could be chosen: the request has failed then. */
  function sampled(slot: Slot, task: Task, row: number): number | undefined {
    try {
      return task.sampler.sample(row)
    } catch (error) {
      emit({ id: task.id, type: 'failed', failure: failureOf(error) })
      release(slot)
      return undefined
    }
  }

  function report(task: Task, text: string): void {
    const { id, unreported: tokens, logprobs } = task
    emit({ id, type: 'text', text, tokens, ...(logprobs.length > 0 ? { logprobs } : {}) })
    task.unreported = 0
    task.logprobs = []
  }

  function finish(slot: Slot, task: Task, reason: StopReason): void {
    const rest = task.text.flush()
    if (rest !== '' || task.logprobs.length > 0) report(task, rest)
    end(slot, task, reason)
  }

  function end(slot: Slot, task: Task, reason: StopReason): void {
    const { id, outputTokens, tokenIds, shiftedTokens, draftedTokens, acceptedTokens } = task
    const outputMs = performance.now() - (task.promptDoneAt ?? task.startedAt)
    const ids = task.request.returnTokens === true ? { tokenIds } : {}
    const shifted = shiftedTokens > 0 ? { shiftedTokens } : {}
    const drafts = draftedTokens > 0 ? { draftedTokens, acceptedTokens } : {}
    emit({ id, type: 'end', reason, outputTokens, outputMs, ...ids, ...shifted, ...drafts })
    release(slot)
  }

  return {
    advance(slot, task, row) {
      if (task.promptDoneAt === undefined) {
        task.promptDoneAt = performance.now()
        const promptMs = task.promptDoneAt - task.startedAt
        const promptTokens = task.request.prompt.length
        emit({ id: task.id, type: 'prompt', promptTokens, cachedTokens: task.cachedTokens, promptMs })
      }
      if (isSpent(task)) finish(slot, task, 'length')
      else takeToken(slot, task, row)
    },
    finish,
    countDrafted(task, tokens) {
      task.draftedTokens += tokens
      counts.draftedTokens += tokens
    },
    countAccepted(task) {
      task.acceptedTokens += 1
      counts.acceptedTokens += 1
    },
    counts: () => ({ ...counts }),
  }
}

const isSpent = ({ request, outputTokens }: Task): boolean =>
  request.maxTokens >= 0 && outputTokens >= request.maxTokens
