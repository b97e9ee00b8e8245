import type { RunnerRequest } from '../backend.ts'
import type { ChosenToken } from '../types.ts'
import type { AnswerText } from './answer-text.ts'
import type { Checkpoint } from './prefix/checkpoints.ts'
import type { SavedState } from './prefix/saved-state.ts'
import type { Sampler } from './sampler.ts'
import type { Drafter } from './speculation/drafter.ts'

/** A sequence of the context: what its cells hold, and the request that uses it now. */
export interface Slot {
  readonly sequence: number
  /** Tokens whose cells are in memory, in order from position 0. */
  tokens: number[]
  /** Ascending; all of them of `tokens`. Empty for models that can go back without. */
  checkpoints: readonly Checkpoint[]
  /** This many tokens are as a fresh evaluation would give them; fewer than all only after a context shift. */
  exactLength: number
  /** Some cells belong to another sequence too, so their positions must not be moved. */
  isShared: boolean
  /** Grows with every use; the lowest is the least recently used. */
  lastUse: number
  /** When the last task left, by `performance.now`. */
  idleSince: number
  task: Task | undefined
}

export const emptySlot = (sequence: number): Slot => ({
  sequence,
  tokens: [],
  checkpoints: [],
  exactLength: Number.POSITIVE_INFINITY,
  isShared: false,
  lastUse: 0,
  idleSince: 0,
  task: undefined,
})

/** One request in work. */
export interface Task {
  readonly id: number
  readonly request: RunnerRequest
  readonly sampler: Sampler
  readonly text: AnswerText
  /** What control tokens among the request's tags are shown as. */
  readonly shown: ReadonlyMap<number, Uint8Array>
  /** Prompt tokens that were in memory when it started. */
  cachedTokens: number
  readonly startedAt: number
  /** Tokens still to be evaluated: the rest of the prompt, then each sampled token. */
  pending: readonly number[]
  fed: number
  /** Prompt tokens whose log-probabilities were told. */
  scored: number
  /** Lengths of the prompt, ascending, at which a checkpoint is to be taken. */
  marks: readonly number[]
  /** When the first token was sampled; undefined while the prompt is evaluated. */
  promptDoneAt: number | undefined
  outputTokens: number
  /** Output tokens since the last text event. */
  unreported: number
  /** Forgotten by context shifts. */
  shiftedTokens: number
  logprobs: ChosenToken[]
  tokenIds: number[]
  /** Foresees tokens; undefined where none are to be computed ahead. */
  readonly drafter: Drafter | undefined
  /** Tokens that were computed ahead, and how many of them became part of the answer. */
  draftedTokens: number
  acceptedTokens: number
  isPaused: boolean
  isCancelled: boolean
}

/** Its prompt is read: all it has to evaluate is the token that was sampled last. */
export const isAnswering = (task: Task): boolean =>
  task.promptDoneAt !== undefined && task.pending.length - task.fed === 1

/** How many leading tokens two sequences have in common. */
export function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a[length] === b[length]) length++
  return length
}

/** Copying a shorter prefix from another slot is not worth giving up the target's own cells. */
const WORTH_SHARING = 32

export interface Placement {
  slot: Slot
  /** The slot whose cells to reuse; `slot` itself or another one. */
  source: Slot
  prefix: number
  /** The longest prefix known to any slot, reusable or not. */
  common: number
  /** A state to put into `slot` first, in place of all it holds. */
  saved?: SavedState
}

/** The least recently used slot without a task; undefined when all are busy. */
export function oldestFree(slots: readonly Slot[]): Slot | undefined {
  const free = slots.filter((slot) => slot.task === undefined)
  return free.toSorted((a, b) => a.lastUse - b.lastUse)[0]
}

/**
 * Where a prompt should run: the free slot that already holds the longest reusable prefix, the least recently
 * used of equals. When any other slot, free or busy, holds a clearly longer one, its cells are shared into
 * the least recently used free slot. Undefined when no slot is free. `reusable` says how much of a common
 * prefix a slot can give.
 */
export function placementFor(
  prompt: readonly number[],
  slots: readonly Slot[],
  reusable: (slot: Slot, common: number) => number = (_slot, common) => common,
): Placement | undefined {
  const beginning = withoutLast(prompt)
  const held = slots.map((slot) => {
    const common = commonPrefix(slot.tokens, beginning)
    return { slot, common, prefix: reusable(slot, common) }
  })
  const free = held.filter(({ slot }) => slot.task === undefined)
  const own = free.toSorted((a, b) => b.prefix - a.prefix || a.slot.lastUse - b.slot.lastUse)[0]
  const oldest = oldestFree(slots)
  if (own === undefined || oldest === undefined) return undefined
  const common = Math.max(...held.map((entry) => entry.common))
  const best = held.reduce((a, b) => (b.prefix > a.prefix ? b : a))
  if (best.prefix < own.prefix + WORTH_SHARING)
    return { slot: own.slot, source: own.slot, prefix: own.prefix, common }
  return { slot: oldest, source: best.slot, prefix: best.prefix, common }
}

/** The place for a prompt that must be evaluated whole; undefined when no slot is free. */
export function placementOfNothing(slots: readonly Slot[]): Placement | undefined {
  const slot = oldestFree(slots)
  return slot && { slot, source: slot, prefix: 0, common: 0 }
}

/** The last prompt token is evaluated in any case: its logits choose the first output token. */
export const withoutLast = (prompt: readonly number[]): readonly number[] => prompt.slice(0, -1)
