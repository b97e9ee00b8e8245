import { randomInt } from 'node:crypto'
import { EngineError } from '../errors.ts'
import type { SamplingOptions } from '../types.ts'
import type { Pointer } from './layout.ts'
import type { NativeModel } from './native-model.ts'

/** Chooses the tokens of one generation. It owns native memory: `close` it. */
export interface Sampler {
  /** The token for a row of the last decode. The choice is remembered by penalties and grammar. */
  sample(row: number): number
  /** Remembers a token as if it had been chosen now. Under a grammar, only ones chosen under the same from its start. */
  accept(token: number): void
  close(): void
}

/**
 * A llama.cpp sampler chain in Ollama's order: grammar, logit bias, penalties, top-k, typical, top-p, min-p,
 * temperature, then the draw (or the best token at temperature 0). `prompt` feeds the penalties, as in
 * llama-server. Throws EngineError `bad_format` when the grammar does not parse.
 */
export function createSampler(
  model: NativeModel,
  options: SamplingOptions,
  grammar: string | undefined,
  prompt: readonly number[],
): Sampler {
  const { library, context } = model
  const chain = library.createChain({ no_perf: true })
  const add: Add = (sampler) => library.addToChain(chain, sampler)
  try {
    if (grammar !== undefined) add(parseGrammar(model, grammar))
    addLogitBias(model, options, add)
    addPenalties(model, options, prompt, add)
    addChoice(model, options, add)
  } catch (error) {
    library.freeSampler(chain)
    throw error
  }
  const sample = (row: number) => library.sample(chain, context, row)
  return {
    sample: grammar === undefined ? sample : withTimeLimit(sample),
    accept: (token) => library.accept(chain, token),
    close: () => library.freeSampler(chain),
  }
}

/** Hands a sampler over to the chain, which frees it. */
type Add = (sampler: Pointer) => void

/** Processor time one token may take under a grammar, and all slow tokens of an answer together, in milliseconds. */
const TOKEN_LIMIT_MS = 500
const SLOW_TOKEN_MS = 100
const SLOW_TOKENS_LIMIT_MS = 2_000

/**
 * Readings of an ambiguous grammar can multiply with every token: what takes this long now takes longer for the next
 * one, and everybody else waits. The sampling function throws EngineError `bad_format` then.
 */
function withTimeLimit(sample: (row: number) => number): (row: number) => number {
  let slowMs = 0
  return (row) => {
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    const token = sample(row)
    if (performance.now() - startedAt < SLOW_TOKEN_MS) return token
    // A machine that is busy with something else is no fault of the grammar.
    const { user, system } = process.cpuUsage(cpu)
    const spentMs = (user + system) / 1_000
    if (spentMs >= SLOW_TOKEN_MS) slowMs += spentMs
    if (spentMs < TOKEN_LIMIT_MS && slowMs < SLOW_TOKENS_LIMIT_MS) return token
    throw new EngineError('bad_format', 'the grammar is too ambiguous: it takes too long to follow')
  }
}

function parseGrammar({ library, vocabulary }: NativeModel, grammar: string): Pointer {
  const sampler = library.grammar(vocabulary, grammar, 'root')
  if (sampler === null) throw new EngineError('bad_format', 'failed to parse grammar')
  return sampler
}

function addLogitBias({ library, vocabularySize }: NativeModel, options: SamplingOptions, add: Add): void {
  const known = options.logitBias.filter(([token]) => token >= 0 && token < vocabularySize)
  if (known.length === 0) return
  const entries = known.map(([token, bias]) => ({ token, bias }))
  add(library.logitBias(vocabularySize, entries.length, entries))
}

/** The samplers that narrow the choice, and the one that chooses. */
function addChoice({ library }: NativeModel, options: SamplingOptions, add: Add): void {
  if (options.temperature <= 0) {
    add(library.greedy())
    return
  }
  if (options.topK > 0) add(library.topK(options.topK))
  if (options.typicalP < 1) add(library.typical(options.typicalP, 1))
  if (options.topP < 1) add(library.topP(options.topP, 1))
  if (options.minP > 0) add(library.minP(options.minP, 1))
  add(library.temperature(options.temperature))
  add(library.distribution(options.seed < 0 ? randomInt(2 ** 32) : options.seed % 2 ** 32))
}

function addPenalties(
  { library, vocabularySize, contextLength }: NativeModel,
  { repeatLastN, repeatPenalty, frequencyPenalty, presencePenalty }: SamplingOptions,
  prompt: readonly number[],
  add: Add,
): void {
  const lookBack = repeatLastN < 0 ? contextLength : Math.min(repeatLastN, contextLength)
  const isNeutral = repeatPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0
  // llama.cpp divides by the repeat penalty, so nothing but a positive one means anything.
  if (lookBack === 0 || isNeutral || !(repeatPenalty > 0)) return
  const penalties = library.penalties(
    vocabularySize,
    lookBack,
    repeatPenalty,
    frequencyPenalty,
    presencePenalty,
  )
  for (const token of prompt.slice(-lookBack)) library.accept(penalties, token)
  add(penalties)
}
