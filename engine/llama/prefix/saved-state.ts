import { commonPrefix } from '../slots.ts'
import type { Checkpoint } from './checkpoints.ts'

/** What is known of a kept state without its bytes. `lengths`: of its checkpoints, ascending. */
export interface SavedPrefix {
  readonly tokens: Int32Array
  readonly lengths: readonly number[]
  readonly bytes: number
}

/** A sequence's whole state after `tokens`, and the checkpoints that allow to go back from there. */
export interface SavedState {
  readonly tokens: Int32Array
  readonly whole: Buffer
  readonly checkpoints: readonly Checkpoint[]
}

/** Fewer tokens than this are not worth a copy, and make no difference between two kept states. */
const NEGLIGIBLE = 32

export const prefixOf = ({ tokens, whole, checkpoints }: SavedState): SavedPrefix => ({
  tokens,
  lengths: checkpoints.map(({ length }) => length),
  bytes: checkpoints.reduce((sum, { state }) => sum + state.length, tokens.byteLength + whole.length),
})

/** How many tokens of `beginning` a prompt would save with it. `canGoBack`: the model needs no checkpoints. */
export function usablePrefix(
  saved: { tokens: ArrayLike<number>; lengths: readonly number[] },
  beginning: ArrayLike<number>,
  canGoBack: boolean,
): number {
  const common = commonPrefix(saved.tokens, beginning)
  if (canGoBack || common === saved.tokens.length) return common
  return saved.lengths.findLast((length) => length <= common) ?? 0
}

/** Whether keeping `saved` makes keeping a state of `tokens` pointless. */
export const covers = (saved: SavedPrefix, tokens: ArrayLike<number>, canGoBack: boolean): boolean =>
  usablePrefix(saved, tokens, canGoBack) + NEGLIGIBLE > tokens.length

/** Of several, the one that saves the most; undefined when none saves anything. */
export function bestFor<T extends SavedPrefix>(
  all: Iterable<T>,
  beginning: ArrayLike<number>,
  canGoBack: boolean,
): { saved: T; prefix: number } | undefined {
  let best: { saved: T; prefix: number } | undefined
  for (const saved of all) {
    const prefix = usablePrefix(saved, beginning, canGoBack)
    const isBetter = best === undefined || prefix > best.prefix
    // Of equals the smaller one costs less to put back.
    const isCheaper = best !== undefined && prefix === best.prefix && saved.bytes < best.saved.bytes
    if (prefix > 0 && (isBetter || isCheaper)) best = { saved, prefix }
  }
  return best
}
