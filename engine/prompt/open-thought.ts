import { wantsThought } from '../check.ts'
import type { Job } from '../types.ts'
import type { ThinkingTags } from './thinking-tags.ts'

/** Where the answer begins with a thought. `isOpen`: the prompt itself has opened it. */
export interface ExpectedThought {
  tags: ThinkingTags
  isOpen: boolean
}

/**
 * A rendered prompt and the thought to expect behind it. Some templates open a thought whatever they are told: it is
 * closed when the job wants none.
 */
export function withThought(
  job: Job,
  rendered: string,
  tags: ThinkingTags | undefined,
  isOpen: boolean,
): { text: string; thinking: ExpectedThought | undefined } {
  const isUnwanted = tags !== undefined && isOpen && job.think === false
  return {
    text: isUnwanted ? `${rendered.trimEnd()}\n\n${tags.close}\n\n` : rendered,
    // What stands before an answer is no part of it, thought or not.
    thinking: tags && (wantsThought(job) || tags.answer !== undefined) ? { tags, isOpen } : undefined,
  }
}
