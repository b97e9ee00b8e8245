import type { ChosenToken, TokenLogprob } from '../types.ts'
import type { Logprobs } from './chunk.ts'

/** The tokens of a chunk with their log-probabilities, `undefined` where it has none. */
export function toChosenTokens(logprobs: Logprobs): ChosenToken[] | undefined {
  if (logprobs === undefined || logprobs === null) return undefined
  if ('tokens' in logprobs) {
    const { tokens, token_logprobs: scores, top_logprobs: tops } = logprobs
    return tokens.flatMap((token, i) => {
      const score = scores[i]
      // The first token of a prompt that is echoed has none; none is asked for.
      if (score === undefined || score === null) return []
      const alternatives = Object.entries(tops?.[i] ?? {}).map(([text, value]) => scored(text, value))
      return [{ ...scored(token, score), alternatives }]
    })
  }
  return logprobs.content?.map(({ token, logprob, bytes, top_logprobs }) => ({
    ...scored(token, logprob, bytes),
    alternatives: (top_logprobs ?? []).map((other) => scored(other.token, other.logprob, other.bytes)),
  }))
}

const scored = (token: string, logprob: number, bytes?: number[] | null): TokenLogprob => ({
  token,
  logprob,
  bytes: bytes ?? [...Buffer.from(token)],
})
