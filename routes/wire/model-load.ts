import type { LoadedModel } from '../../engine/types.ts'

/** What a loaded model is doing, in the words of our own fields. */
export const toLoad = ({
  slots,
  busySlots,
  waiting,
  tokensPerSecond,
}: Pick<LoadedModel, 'slots' | 'busySlots' | 'waiting' | 'tokensPerSecond'>) => ({
  slots,
  busy_slots: busySlots,
  waiting,
  // No more digits than the clock is good for.
  tokens_per_second: Math.round(tokensPerSecond * 10) / 10,
})
