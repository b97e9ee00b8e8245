import type { ChosenToken, TokenLogprob } from '../types.ts'
import { likeliest } from './likeliest.ts'
import type { NativeModel } from './native-model.ts'

/** Stands for minus infinity, which JSON cannot say; OpenAI's servers use the same number. */
const LEAST_LOGPROB = -9999

/**
 * Log-probability of `chosen` and of the `count` likeliest tokens at a row of the last decode, from the raw
 * logits: before temperature, penalties or grammar. `bytes` are what the chosen token adds to the answer, which
 * for a control token is nothing; among the alternatives control tokens have their names. Nothing is copied.
 */
export function logprobsOf(
  model: NativeModel,
  row: number,
  chosen: { token: number; bytes: Uint8Array },
  count: number,
): ChosenToken {
  const logits = model.logits(row)
  const best = Array.from(likeliest(logits, Math.max(1, count)))
  const normalizer = logSumExp(logits, logits[best[0] ?? 0] ?? 0)
  const describe = (token: number, bytes: Uint8Array): TokenLogprob => ({
    token: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
    bytes: Array.from(bytes),
    logprob: Math.max((logits[token] ?? -Infinity) - normalizer, LEAST_LOGPROB),
  })
  return {
    ...describe(chosen.token, chosen.bytes),
    alternatives: best.slice(0, count).map((token) => describe(token, model.namedBytes(token))),
  }
}

/** Logits this far below the best add less than 1e-8 to the sum, all of a large vocabulary together. */
const REACH = 32
const STEPS = 256
/** e^(-i / STEPS). */
const POWERS = Float64Array.from({ length: REACH * STEPS }, (_, i) => Math.exp(-i / STEPS))

/**
 * ln Σ e^logit, to eight digits. The exponential is a table's entry times the first terms of its series, four
 * times as fast as Math.exp over a whole vocabulary.
 */
export function logSumExp(logits: Float32Array, highest: number): number {
  let sum = 0
  for (let token = 0; token < logits.length; token++) {
    const steps = (highest - (logits[token] as number)) * STEPS
    // Also false for a logit that is no number.
    if (!(steps < REACH * STEPS)) continue
    const index = steps | 0
    const rest = (index - steps) / STEPS
    sum += (POWERS[index] as number) * (1 + rest + (rest * rest) / 2)
  }
  return highest + Math.log(sum)
}
