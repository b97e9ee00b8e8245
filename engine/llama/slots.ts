import type { RunnerRequest } from '../backend.ts'
import type { ChosenToken } from '../types.ts'
import type { AnswerText } from './answer-text.ts'
import type { Sampler } from './sampler.ts'

/** A sequence of the context: what its cells hold, and the request that uses it now. */
export interface Slot {
  readonly sequence: number
  /** Tokens whose cells are in memory, in order from position 0. */
  tokens: number[]
  /** Some cells belong to another sequence too, so their positions must not be moved. */
  isShared: boolean
  /** Grows with every use; the lowest is the least recently used. */
  lastUse: number
  task: Task | undefined
}

/** One request in work. */
export interface Task {
  readonly id: number
  readonly request: RunnerRequest
  readonly sampler: Sampler
  readonly text: AnswerText
  /** What control tokens among the request's tags are shown as. */
  readonly shown: ReadonlyMap<number, Uint8Array>
  readonly cachedTokens: number
  readonly startedAt: number
  /** Tokens still to be evaluated: the rest of the prompt, then each sampled token. */
  pending: readonly number[]
  fed: number
  /** When the first token was sampled; undefined while the prompt is evaluated. */
  promptDoneAt: number | undefined
  outputTokens: number
  /** Output tokens since the last text event. */
  unreported: number
  logprobs: ChosenToken[]
  tokenIds: number[]
  isPaused: boolean
  isCancelled: boolean
}

/** How many leading tokens two sequences have in common. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
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
}

/**
 * Where a prompt should run: the free slot that already holds the longest common prefix, the least recently
 * used of equals. When any other slot, free or busy, holds a clearly longer prefix, its cells are shared into
 * the least recently used free slot. Undefined when no slot is free.
 */
export function placementFor(prompt: readonly number[], slots: readonly Slot[]): Placement | undefined {
  // The last prompt token is evaluated in any case: its logits choose the first output token.
  const reusable = prompt.slice(0, -1)
  const held = slots.map((slot) => ({ slot, prefix: commonPrefix(slot.tokens, reusable) }))
  const free = held.filter(({ slot }) => slot.task === undefined)
  const own = free.toSorted((a, b) => b.prefix - a.prefix || a.slot.lastUse - b.slot.lastUse)[0]
  if (own === undefined) return undefined
  const best = held.reduce((a, b) => (b.prefix > a.prefix ? b : a))
  if (best.prefix < own.prefix + WORTH_SHARING)
    return { slot: own.slot, source: own.slot, prefix: own.prefix }
  const oldest = free.reduce((a, b) => (b.slot.lastUse < a.slot.lastUse ? b : a))
  return { slot: oldest.slot, source: best.slot, prefix: best.prefix }
}
