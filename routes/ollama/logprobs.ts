import type { ChosenToken, TokenLogprob } from '../../engine/types.ts'

/** Tokens with their log-probabilities; alternatives only for a client that asked for some. */
export function toLogprobs(tokens: readonly ChosenToken[] | undefined, topLogprobs: number | undefined) {
  if (tokens === undefined || tokens.length === 0) return undefined
  return tokens.map((token) => ({
    ...toEntry(token),
    ...(topLogprobs ? { top_logprobs: token.alternatives.map(toEntry) } : {}),
  }))
}

function toEntry({ token, logprob, bytes }: TokenLogprob) {
  return { token, logprob, ...(bytes.length > 0 ? { bytes } : {}) }
}
