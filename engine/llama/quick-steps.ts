/**
 * The longest step that is computed on the thread of the event loop, in milliseconds: for so long nobody notices that
 * messages wait, and a step that short needs no abort.
 */
const QUICK_MS = 4

/** Steps of more tokens are those of prompts; how long they take says little about the next one. */
const MOST_TOKENS = 64

/**
 * Tells decode steps that are so short that handing them to another thread and waiting to be woken costs more than it
 * gives: a sixth of the time of a token, or more, where a model is very small or the GPU very fast.
 */
export interface QuickSteps {
  /** Whether the last step with so many tokens was quick; false when there was none. */
  isQuick(tokens: number): boolean
  took(tokens: number, ms: number): void
}

/** Knows of no step yet. */
export function createQuickSteps(): QuickSteps {
  const lastMs: number[] = []
  return {
    isQuick: (tokens) => (lastMs[tokens] ?? Number.POSITIVE_INFINITY) < QUICK_MS,
    took(tokens, ms) {
      if (tokens <= MOST_TOKENS) lastMs[tokens] = ms
    },
  }
}
