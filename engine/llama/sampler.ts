import { EngineError } from '../errors.ts'
import type { SamplingOptions } from '../model-options.ts'
import type { Pointer } from './layout.ts'
import type { Library } from './library.ts'
import { likeliest } from './likeliest.ts'
import { createLogitEdits } from './logit-edits.ts'
import type { NativeModel } from './native-model.ts'
import { type Choice, choiceOf } from './sampling-limits.ts'

/** Chooses the tokens of one generation. It owns native memory: `close` it. */
export interface Sampler {
  /**
   * The token for a row of the last decode: `wanted`, if there is one and the grammar allows it. The choice is
   * remembered by penalties and grammar. Throws EngineError `bad_format` when the grammar allows no token at all.
   */
  sample(row: number, wanted?: number): number
  /** Remembers a token as if it had been chosen now. Under a grammar, only ones chosen under the same from its start. */
  accept(token: number): void
  close(): void
}

/** Up to this top-k our own pass over the logits beats llama.cpp's, which copies all of them first. */
const MOST_SHORTLISTED = 128
/** How many of the likeliest tokens mirostat 1 estimates with (llama.cpp common/sampling.cpp). */
const MIROSTAT_TOKENS = 100

/**
 * Samplers in the order of llama.cpp and Ollama: logit bias, penalties, DRY, top-nσ, top-k, typical, top-p,
 * min-p, XTC, temperature, then the draw (or the best token at temperature 0). Mirostat takes the place of all
 * but bias and temperature (llama.cpp common/sampling.cpp). A grammar is asked about the token drawn; only when
 * it refuses are all tokens held against it and one is drawn again, as in llama-server.
 *
 * `prompt` feeds penalties and DRY. Throws EngineError `bad_format` when the grammar does not parse.
 */
export function createSampler(
  model: NativeModel,
  options: SamplingOptions,
  grammar: string | undefined,
  prompt: readonly number[],
): Sampler {
  const { library, context, candidates, vocabularySize } = model
  const choice = choiceOf(options, vocabularySize)
  // First, because nothing after it fails: there is no native memory to give back.
  const grammarSampler = grammar === undefined ? undefined : parseGrammar(model, grammar)
  const edits = createLogitEdits(model, choice.mirostat ? { ...options, ...UNPENALISED } : options, prompt)
  const chain = createChoiceChain(library, choice, vocabularySize)
  const shortlisted = shortlistOf(choice)

  /** Draws from a row whose edits are in place, as if there were no grammar. */
  function draw(row: number, logits: Float32Array): number {
    const best = shortlisted === undefined ? undefined : likeliest(logits, shortlisted)
    const [first] = best ?? []
    if (best === undefined || first === undefined) return library.sample(chain, context, row)
    if (shortlisted === 1) return first
    candidates.fill(best, logits, true)
    candidates.apply(chain)
    return candidates.selected() ?? first
  }

  function isAllowed(token: number, logits: Float32Array): boolean {
    if (grammarSampler === undefined) return true
    candidates.fill([token], logits, false)
    candidates.apply(grammarSampler)
    return candidates.logit(0) !== -Infinity
  }

  /** Draws from what the grammar allows. */
  function drawAllowed(logits: Float32Array): number {
    candidates.fill(logits.keys(), logits, false)
    candidates.apply(grammarSampler ?? null)
    candidates.apply(chain)
    const token = candidates.selected()
    // To a token it does not allow the grammar answers by ending the process.
    if (token !== undefined && isAllowed(token, logits)) return token
    throw new EngineError('bad_format', 'the grammar allows no token of this model here')
  }

  function accept(token: number): void {
    edits?.accept(token)
    if (grammarSampler !== undefined) library.accept(grammarSampler, token)
  }

  function sample(row: number, wanted?: number): number {
    const logits = model.logits(row)
    const undo = edits?.apply(logits)
    try {
      const drawn = wanted ?? draw(row, logits)
      const token = isAllowed(drawn, logits) ? drawn : drawAllowed(logits)
      accept(token)
      return token
    } finally {
      undo?.()
    }
  }

  return {
    sample: grammarSampler === undefined ? sample : withTimeLimit(sample),
    accept,
    close() {
      edits?.close()
      library.freeSampler(chain)
      if (grammarSampler !== undefined) library.freeSampler(grammarSampler)
    },
  }
}

/** Mirostat holds surprise at a level by itself; penalties would work against it. */
const UNPENALISED = { repeatLastN: 0, dryMultiplier: 0 }

/** How many of the likeliest tokens suffice to choose from; undefined when it takes all of them. */
function shortlistOf({ temperature, mirostat, topNSigma, topK }: Choice): number | undefined {
  if (temperature === undefined) return 1
  if (mirostat !== undefined || topNSigma !== undefined) return undefined
  return topK !== undefined && topK <= MOST_SHORTLISTED ? topK : undefined
}

/** Processor time one token may take under a grammar, and all slow tokens of an answer together, in milliseconds. */
const TOKEN_LIMIT_MS = 500
const SLOW_TOKEN_MS = 100
const SLOW_TOKENS_LIMIT_MS = 2_000

/**
 * Readings of an ambiguous grammar can multiply with every token: what takes this long now takes longer for the next
 * one, and everybody else waits. The sampling function throws EngineError `bad_format` then.
 */
function withTimeLimit(sample: Sampler['sample']): Sampler['sample'] {
  let slowMs = 0
  return (row, wanted) => {
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    const token = sample(row, wanted)
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

/** The samplers that narrow the choice, and the one that chooses. */
function createChoiceChain(library: Library, choice: Choice, vocabularySize: number): Pointer {
  const chain = library.createChain({ no_perf: true })
  for (const sampler of choiceSamplers(library, choice, vocabularySize)) library.addToChain(chain, sampler)
  return chain
}

function choiceSamplers(library: Library, choice: Choice, vocabularySize: number): Pointer[] {
  const { temperature, seed, mirostat, xtc } = choice
  if (temperature === undefined) return [library.greedy()]
  if (mirostat !== undefined) {
    const { version, tau, eta } = mirostat
    const draw =
      version === 1
        ? library.mirostat(vocabularySize, seed, tau, eta, MIROSTAT_TOKENS)
        : library.mirostat2(seed, tau, eta)
    return [library.temperature(temperature), draw]
  }
  const set = <T>(value: T | undefined, create: (value: T) => Pointer): Pointer[] =>
    value === undefined ? [] : [create(value)]
  return [
    ...set(choice.topNSigma, library.topNSigma),
    ...set(choice.topK, library.topK),
    ...set(choice.typicalP, (p) => library.typical(p, 1)),
    ...set(choice.topP, (p) => library.topP(p, 1)),
    ...set(choice.minP, (p) => library.minP(p, 1)),
    ...set(xtc, ({ probability, threshold }) => library.xtc(probability, threshold, 1, seed)),
    library.temperature(temperature),
    library.distribution(seed),
  ]
}
