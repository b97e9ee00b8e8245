import type { SamplingOptions } from '../model-options.ts'
import type { Pointer } from './layout.ts'
import type { NativeModel } from './native-model.ts'
import { biasesOf, dryArguments, penaltyArguments } from './sampling-limits.ts'

/**
 * Changes to the logits of single tokens before anything is chosen: logit bias, penalties, DRY. They touch what
 * a request names and what was said lately, a few hundred of 150,000 logits, so llama.cpp's samplers are given
 * those only, and the results are written into the row itself.
 */
export interface LogitEdits {
  /** Edits a row in place. Returns what takes it back: log-probabilities are told of the raw logits. */
  apply(row: Float32Array): () => void
  /** Tells which token was chosen. */
  accept(token: number): void
  close(): void
}

/** Undefined when the options change no logit. `prompt` counts as said, as in llama-server. */
export function createLogitEdits(
  model: NativeModel,
  options: SamplingOptions,
  prompt: readonly number[],
): LogitEdits | undefined {
  const biases = biasesOf(options, model.vocabularySize)
  const repetition = createRepetition(model, options, prompt)
  if (biases.length === 0 && repetition === undefined) return undefined
  return {
    apply(row) {
      const touched = new Set(biases.map(([token]) => token))
      for (const token of repetition?.recent.tokens() ?? []) touched.add(token)
      const raw = Float32Array.from(touched, (token) => row[token] ?? 0)
      for (const [token, bias] of biases) row[token] = (row[token] ?? 0) + bias
      if (repetition !== undefined) {
        model.candidates.fill(touched, row, false)
        model.candidates.apply(repetition.chain)
        let index = 0
        for (const token of touched) row[token] = model.candidates.logit(index++)
      }
      return () => {
        let index = 0
        for (const token of touched) row[token] = raw[index++] ?? 0
      }
    },
    accept(token) {
      if (repetition === undefined) return
      repetition.recent.push(token)
      model.library.accept(repetition.chain, token)
    },
    close() {
      if (repetition !== undefined) model.library.freeSampler(repetition.chain)
    },
  }
}

interface Repetition {
  /** Penalties, then DRY. */
  chain: Pointer
  recent: RecentTokens
}

function createRepetition(
  { library, vocabularySize, contextLength, dry }: NativeModel,
  options: SamplingOptions,
  prompt: readonly number[],
): Repetition | undefined {
  const penalties = penaltyArguments(options, contextLength)
  const [, , , dryLookBack = 0] = dryArguments(options, contextLength) ?? []
  const lookBack = Math.max(penalties?.[0] ?? 0, dryLookBack)
  if (lookBack === 0) return undefined
  const chain = library.createChain({ no_perf: true })
  if (penalties !== undefined) library.addToChain(chain, library.penalties(vocabularySize, ...penalties))
  const drySampler = dry.sampler(options)
  if (drySampler !== undefined) library.addToChain(chain, drySampler)
  const recent = createRecentTokens(lookBack)
  for (const token of prompt.slice(-lookBack)) {
    recent.push(token)
    library.accept(chain, token)
  }
  return { chain, recent }
}

interface RecentTokens {
  push(token: number): void
  /** Each token once. */
  tokens(): Iterable<number>
}

/** The different ones among the last `lookBack` tokens. */
function createRecentTokens(lookBack: number): RecentTokens {
  const ring = new Int32Array(lookBack)
  const counts = new Map<number, number>()
  let pushed = 0
  return {
    push(token) {
      const place = pushed % lookBack
      const dropped = pushed < lookBack ? undefined : ring[place]
      if (dropped !== undefined) {
        const left = (counts.get(dropped) ?? 0) - 1
        if (left > 0) counts.set(dropped, left)
        else counts.delete(dropped)
      }
      ring[place] = token
      counts.set(token, (counts.get(token) ?? 0) + 1)
      pushed += 1
    },
    tokens: () => counts.keys(),
  }
}
