import koffi from 'koffi'
import type { ChosenToken, TokenLogprob } from '../types.ts'
import type { NativeModel } from './native-model.ts'

/** Stands for minus infinity, which JSON cannot say; OpenAI's servers use the same number. */
const LEAST_LOGPROB = -9999

/**
 * Log-probability of `chosen` and of the `count` likeliest tokens at a row of the last decode, from the raw
 * logits: before temperature, penalties or grammar. One pass over the vocabulary, nothing copied.
 */
export function logprobsOf(model: NativeModel, row: number, chosen: number, count: number): ChosenToken {
  const pointer = model.library.logits(model.context, row)
  const logits = new Float32Array(koffi.view(pointer, model.vocabularySize * 4))
  const best = likeliest(logits, count)
  const normalizer = logSumExp(logits)
  const describe = (token: number): TokenLogprob => {
    const bytes = model.tokenBytes(token)
    return {
      token: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
      bytes: Array.from(bytes),
      logprob: Math.max((logits[token] ?? -Infinity) - normalizer, LEAST_LOGPROB),
    }
  }
  return { ...describe(chosen), alternatives: best.map(describe) }
}

function logSumExp(logits: Float32Array): number {
  let highest = -Infinity
  for (const logit of logits) if (logit > highest) highest = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - highest)
  return highest + Math.log(sum)
}

/** Token ids of the `count` highest logits, best first. */
function likeliest(logits: Float32Array, count: number): number[] {
  const best: number[] = []
  if (count === 0) return best
  let worst = -Infinity
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? -Infinity
    if (best.length === count && logit <= worst) continue
    let at = best.length
    while (at > 0 && logit > (logits[best[at - 1] ?? 0] ?? -Infinity)) at--
    best.splice(at, 0, token)
    if (best.length > count) best.pop()
    worst = logits[best.at(-1) ?? 0] ?? -Infinity
  }
  return best
}
