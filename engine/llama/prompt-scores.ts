/**
 * Log-probabilities of a prompt's own tokens. Each is read off the logits of the token before it, which are only
 * there where that token is evaluated: a prompt that is scored reuses nothing, and most rows of its steps have
 * logits.
 */
import type { PromptToken } from '../types.ts'
import type { Waiting } from './admission.ts'
import { logprobsOf } from './logprobs.ts'
import type { NativeModel } from './native-model.ts'
import type { Task } from './slots.ts'

/**
 * Logits that one step may have for scoring, in bytes. llama.cpp keeps room for as many as it ever had to: a whole
 * batch of a large vocabulary would be hundreds of megabytes.
 */
const MOST_LOGIT_BYTES = 64 * 1024 * 1024

/** True while the task has prompt tokens whose scores were asked for and are not told. */
export const isScoring = ({ request, scored }: Task): boolean =>
  request.promptLogprobs !== undefined && scored < request.prompt.length

/** True for a request that, when its turn comes, must evaluate its prompt from the first token on. */
export const mustScore = ({ request, task }: Waiting): boolean =>
  task === undefined ? request.promptLogprobs !== undefined : isScoring(task)

/** Prompt tokens one of so many tasks that are scored may evaluate in one step. */
export function scoredAtOnce({ vocabularySize }: NativeModel, tasks: number): number {
  const rows = MOST_LOGIT_BYTES / (vocabularySize * Float32Array.BYTES_PER_ELEMENT)
  return Math.max(1, Math.floor(rows / tasks))
}

/** Whether the token at this place of the prompt must be evaluated with logits, for the score of the next one. */
export const scoresNext = (task: Task, position: number): boolean =>
  isScoring(task) && position >= task.scored - 1 && position < task.request.prompt.length - 1

/**
 * The prompt tokens that a step has scored whose first token went to `position`; the very first token comes
 * along without a score. To be called once, before the next decode.
 */
export function takeScores(
  model: NativeModel,
  { task, count, firstRow }: { task: Task; count: number; firstRow: number },
  position: number,
): PromptToken[] {
  const { prompt, promptLogprobs = 0 } = task.request
  const named = (at: number) => {
    const token = prompt[at] ?? 0
    return { token, bytes: model.namedBytes(token) }
  }
  const tokens: PromptToken[] = []
  if (task.scored === 0) {
    const { bytes } = named(0)
    tokens.push({ token: Buffer.from(bytes).toString(), bytes: [...bytes], logprob: null, alternatives: [] })
  }
  for (let at = position; at < position + count; at++) {
    if (!scoresNext(task, at)) continue
    tokens.push(logprobsOf(model, firstRow + at - position, named(at + 1), promptLogprobs))
  }
  task.scored += tokens.length
  return tokens
}
