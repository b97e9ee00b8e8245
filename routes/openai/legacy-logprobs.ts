import type { ChosenToken, PromptToken } from '../../engine/types.ts'
import { finite } from './logprobs.ts'

/** Four arrays of one length, as text completions have shown log-probabilities since the first API. */
export interface LegacyLogprobs {
  tokens: string[]
  /** Null for the first token of a prompt, which nothing stands before. */
  token_logprobs: (number | null)[]
  top_logprobs: (Record<string, number> | null)[]
  /** Characters before each token, counted from the start of the returned text. */
  text_offset: number[]
}

/**
 * The arrays for tokens that follow `offset` characters of text, and the offset after them. A negative offset is of
 * tokens that begin before the text.
 */
export function toLegacyLogprobs(
  tokens: readonly (ChosenToken | PromptToken)[],
  offset: number,
): { logprobs: LegacyLogprobs; offset: number } {
  const logprobs: LegacyLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] }
  let at = offset
  for (const token of tokens) {
    logprobs.tokens.push(token.token)
    const { logprob } = token
    logprobs.token_logprobs.push(logprob === null ? null : finite(logprob))
    logprobs.top_logprobs.push(logprob === null ? null : topOf({ ...token, logprob }))
    logprobs.text_offset.push(Math.max(0, at))
    at += charactersBegun(token.bytes)
  }
  return { logprobs, offset: at }
}

/** The alternatives, and the chosen token where it is not among them. */
const topOf = (token: ChosenToken): Record<string, number> =>
  // fromEntries and not assignment: a token may be called __proto__.
  Object.fromEntries([...token.alternatives, token].map((t) => [t.token, finite(t.logprob)]))

/** Counted by first bytes: a character split over tokens counts once, where it begins. */
export const charactersBegun = (bytes: readonly number[]): number =>
  bytes.filter((byte) => (byte & 0b1100_0000) !== 0b1000_0000).length
