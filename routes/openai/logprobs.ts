import type { ChosenToken, TokenLogprob } from '../../engine/types.ts'

interface WireToken {
  token: string
  logprob: number
  bytes: number[]
}

export interface WireLogprobs {
  content: (WireToken & { top_logprobs: WireToken[] })[]
  refusal: null
}

/** Log-probabilities as chat completions show them; null when there are none to show. */
export function toLogprobs(tokens: readonly ChosenToken[] | undefined): WireLogprobs | null {
  if (tokens === undefined || tokens.length === 0) return null
  return {
    content: tokens.map((token) => ({ ...toToken(token), top_logprobs: token.alternatives.map(toToken) })),
    refusal: null,
  }
}

const toToken = ({ token, logprob, bytes }: TokenLogprob): WireToken => ({
  token,
  logprob: finite(logprob),
  bytes,
})

/** JSON has no infinity; this is the number OpenAI sends for an impossible token. */
const IMPOSSIBLE = -9999

/** The log-probability as JSON can hold it. */
export const finite = (logprob: number): number => (Number.isFinite(logprob) ? logprob : IMPOSSIBLE)
