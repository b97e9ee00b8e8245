import type { ModelOptions } from './model-options.ts'
import type { Job } from './types.ts'

/** English text in the vocabularies of today; only how requests compare with each other matters. */
const BYTES_PER_TOKEN = 4

/** What an answer is taken to have that is not limited to less. */
const USUAL_ANSWER_TOKENS = 512

/** Tokens a text is likely to have. */
export const textCost = (text: string): number => Math.ceil(text.length / BYTES_PER_TOKEN)

/** Tokens a job is likely to take, before anybody has counted any. */
export function jobCost(job: Job, promptText: string, { maxTokens }: ModelOptions): number {
  const given = job.kind === 'generate' ? (job.context?.length ?? 0) : 0
  const answer = maxTokens < 0 ? USUAL_ANSWER_TOKENS : Math.min(maxTokens, USUAL_ANSWER_TOKENS)
  return textCost(promptText) + given + answer
}

/** The same for inputs that are only read: texts, or tokens. */
export const inputCost = (inputs: readonly (string | readonly number[])[]): number =>
  inputs.reduce((sum, input) => sum + (typeof input === 'string' ? textCost(input) : input.length), 0)
