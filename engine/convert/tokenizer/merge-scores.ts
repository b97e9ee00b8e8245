import { quoted, refused } from '../refuse.ts'

/** Longer tokens than any vocabulary has; each is cut at every place once. */
const MAX_TOKEN_LENGTH = 1024

/**
 * The scores under which SentencePiece's way of merging, always the pair with the best score, does what a list of
 * merges says. Files made from a tokenizer.model list every way to cut a token in two, sorted by the token's score
 * (transformers convert_slow_tokenizer.py, `generate_merges`), so that ranks give the order of scores back: tokens
 * whose merges mix had the same. Special tokens may have no merges. Throws EngineError `convert_failed` for a list that was made in another way, which
 * scores cannot express.
 */
export function scoresOfMerges(
  merges: readonly (readonly [left: string, right: string])[],
  vocabulary: ReadonlySet<string>,
  isSpecial: (token: string) => boolean,
): Map<string, number> {
  const spans = new Map<string, { first: number; last: number; cuts: number }>()
  for (const [rank, [left, right]] of merges.entries()) {
    const token = left + right
    const span = spans.get(token)
    if (span === undefined) spans.set(token, { first: rank, last: rank, cuts: 1 })
    else spans.set(token, { first: span.first, last: rank, cuts: span.cuts + 1 })
  }
  for (const token of vocabulary) {
    const listed = spans.get(token)?.cuts ?? 0
    if (listed === cutsOf(token, vocabulary) || (listed === 0 && isSpecial(token))) continue
    throw refused(
      `tokenizer.json: merges do not list every way to make ${quoted(token)}: scores cannot be derived`,
    )
  }
  return scored([...spans])
}

/** In how many ways two tokens make this one. */
function cutsOf(token: string, vocabulary: ReadonlySet<string>): number {
  if (token.length > MAX_TOKEN_LENGTH) throw refused('tokenizer.json has a token that is too long')
  let cuts = 0
  let at = 0
  for (const character of token) {
    at += character.length
    if (vocabulary.has(token.slice(0, at)) && vocabulary.has(token.slice(at))) cuts++
  }
  return cuts
}

function scored(spans: readonly [string, { first: number; last: number }][]): Map<string, number> {
  const scores = new Map<string, number>()
  let end = -1
  let score = 0
  // In the order of first ranks, as a Map keeps the order of insertion.
  for (const [token, { first, last }] of spans) {
    if (first > end) score = -first
    end = Math.max(end, last)
    scores.set(token, score)
  }
  return scores
}
