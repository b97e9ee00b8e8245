/**
 * Moments a sequence can go back to although its model forgets: sliding-window layers keep only their window,
 * recurrent ones only the last state. llama-server does likewise (tools/server/server-context.cpp).
 */

/** The part of a sequence's state that cannot be taken back, as it was after its first `length` tokens. */
export interface Checkpoint {
  readonly length: number
  readonly state: Buffer
}

/** Fewer tokens than this are evaluated again sooner than they are kept. */
export const LEAST_KEPT = 64

/** Room left after the last checkpoint: templates end prompts with tags that the next turn may not have. */
const PROMPT_TAIL = 4

/**
 * Where to stop in a prompt of `length` tokens, evaluated from token `from` on, to take checkpoints: where its
 * beginning parted from what was known (`common` tokens), one batch before its end, and just before its end.
 * Ascending, each at least LEAST_KEPT tokens after the one before.
 */
export function checkpointMarks(prompt: {
  length: number
  from: number
  common: number
  batch: number
}): number[] {
  const end = prompt.length - PROMPT_TAIL
  const marks: number[] = []
  for (const mark of [end, prompt.common, end - prompt.batch]) {
    const isApart = marks.every((other) => Math.abs(other - mark) >= LEAST_KEPT)
    if (mark >= LEAST_KEPT && mark > prompt.from && mark <= end && isApart) marks.push(mark)
  }
  return marks.toSorted((a, b) => a - b)
}

/** The latest checkpoint at or before `length`. */
export const newestWithin = (checkpoints: readonly Checkpoint[], length: number): Checkpoint | undefined =>
  checkpoints.findLast((checkpoint) => checkpoint.length <= length)

/** `checkpoints` and a later one, at most `most` in all: the one closest to its successor goes first. */
export function withCheckpoint(
  checkpoints: readonly Checkpoint[],
  added: Checkpoint,
  most: number,
): Checkpoint[] {
  const all = [...checkpoints.filter(({ length }) => length < added.length), added]
  while (all.length > Math.max(0, most)) {
    const gaps = all.map(({ length }, i) => (all[i + 1]?.length ?? Infinity) - length)
    all.splice(gaps.indexOf(Math.min(...gaps)), 1)
  }
  return all
}
