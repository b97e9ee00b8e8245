/** Ollama's `options` (api/types.go): their names, types, defaults and limits, in requests and in stored models. */
import { EngineError } from './errors.ts'
import type { ModelOptions } from './model-options.ts'

/** What holds where neither request, model nor dialect says otherwise. The context length is chosen elsewhere. */
export const DEFAULT_OPTIONS: Omit<ModelOptions, 'contextLength'> = {
  batchTokens: 512,
  gpuLayers: -1,
  mainGpu: undefined,
  mmap: undefined,
  threads: 0,
  keepTokens: 4,
  thinkingBudget: -1,
  seed: -1,
  maxTokens: -1,
  topK: 40,
  topP: 0.9,
  minP: 0,
  typicalP: 1,
  repeatLastN: 64,
  temperature: 0.8,
  repeatPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  stop: [],
  logitBias: [],
  // llama.cpp common/common.h.
  mirostat: 0,
  mirostatTau: 5,
  mirostatEta: 0.1,
  dryMultiplier: 0,
  dryBase: 1.75,
  dryAllowedLength: 2,
  dryPenaltyLastN: 64,
  drySequenceBreakers: ['\n', ':', '"', '*'],
  xtcProbability: 0,
  xtcThreshold: 0.1,
  topNSigma: -1,
}

export type OptionKind = 'integer' | 'float32' | 'boolean' | 'strings' | 'breakers'

const OPTIONS: Record<string, { key: keyof ModelOptions; kind: OptionKind }> = {
  num_ctx: { key: 'contextLength', kind: 'integer' },
  num_batch: { key: 'batchTokens', kind: 'integer' },
  num_gpu: { key: 'gpuLayers', kind: 'integer' },
  main_gpu: { key: 'mainGpu', kind: 'integer' },
  use_mmap: { key: 'mmap', kind: 'boolean' },
  num_thread: { key: 'threads', kind: 'integer' },
  num_keep: { key: 'keepTokens', kind: 'integer' },
  seed: { key: 'seed', kind: 'integer' },
  num_predict: { key: 'maxTokens', kind: 'integer' },
  top_k: { key: 'topK', kind: 'integer' },
  top_p: { key: 'topP', kind: 'float32' },
  min_p: { key: 'minP', kind: 'float32' },
  typical_p: { key: 'typicalP', kind: 'float32' },
  repeat_last_n: { key: 'repeatLastN', kind: 'integer' },
  temperature: { key: 'temperature', kind: 'float32' },
  repeat_penalty: { key: 'repeatPenalty', kind: 'float32' },
  presence_penalty: { key: 'presencePenalty', kind: 'float32' },
  frequency_penalty: { key: 'frequencyPenalty', kind: 'float32' },
  stop: { key: 'stop', kind: 'strings' },
  // Snug's own.
  thinking_budget: { key: 'thinkingBudget', kind: 'integer' },
  // By llama-server's names; older versions of Ollama had mirostat too.
  mirostat: { key: 'mirostat', kind: 'integer' },
  mirostat_tau: { key: 'mirostatTau', kind: 'float32' },
  mirostat_eta: { key: 'mirostatEta', kind: 'float32' },
  dry_multiplier: { key: 'dryMultiplier', kind: 'float32' },
  dry_base: { key: 'dryBase', kind: 'float32' },
  dry_allowed_length: { key: 'dryAllowedLength', kind: 'integer' },
  dry_penalty_last_n: { key: 'dryPenaltyLastN', kind: 'integer' },
  dry_sequence_breakers: { key: 'drySequenceBreakers', kind: 'breakers' },
  xtc_probability: { key: 'xtcProbability', kind: 'float32' },
  xtc_threshold: { key: 'xtcThreshold', kind: 'float32' },
  top_n_sigma: { key: 'topNSigma', kind: 'float32' },
}

/** Of which type an option is; undefined for a name that is none. */
export const optionKind = (name: string): OptionKind | undefined =>
  Object.hasOwn(OPTIONS, name) ? OPTIONS[name]?.kind : undefined

/** Ollama leaves a num_predict of 0 out of what it tells its engine, so there it is no limit (llm/llama_server.go). */
const unlimitedWhenZero = (maxTokens: unknown) => (maxTokens === 0 ? -1 : maxTokens)

/**
 * The options of a request. Unknown names and null are passed over; whole numbers are cut off towards zero.
 * Throws EngineError `bad_option` in Ollama's words for a value of the wrong type.
 */
export function parseOptions(bag: Readonly<Record<string, unknown>>): Partial<ModelOptions> {
  const options: Record<string, unknown> = {}
  for (const [name, { key, kind }] of Object.entries(OPTIONS)) {
    const value = Object.hasOwn(bag, name) ? bag[name] : undefined
    if (value === undefined || value === null) continue
    const option = read(name, kind, value)
    options[key] = key === 'maxTokens' ? unlimitedWhenZero(option) : option
  }
  return options
}

function read(name: string, kind: OptionKind, value: unknown): unknown {
  switch (kind) {
    case 'integer':
      if (isFiniteNumber(value)) return Math.trunc(value) + 0
      throw wrongType(name, 'type integer')
    case 'float32':
      if (isFiniteNumber(value)) return value
      throw wrongType(name, 'type float32')
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw wrongType(name, 'type boolean')
    case 'breakers':
      return boundedTexts(name, read(name, 'strings', value) as string[])
    case 'strings':
      if (!Array.isArray(value)) throw wrongType(name, 'type array')
      // An empty text would end every answer at once.
      if (value.every((item) => typeof item === 'string')) return value.filter((item) => item !== '')
      throw wrongType(name, 'an array of strings')
  }
}

/** Each is compared with every token of the vocabulary; llama.cpp itself reads no more than these bytes of one. */
const MAX_BREAKERS = 16
const MAX_BREAKER_BYTES = 40

function boundedTexts(name: string, texts: string[]): string[] {
  const isShort = texts.every((text) => Buffer.byteLength(text) <= MAX_BREAKER_BYTES)
  if (isShort && texts.length <= MAX_BREAKERS) return texts
  throw wrongType(name, `at most ${MAX_BREAKERS} strings of at most ${MAX_BREAKER_BYTES} bytes`)
}

/** JSON can write 1e999, which no option means. */
const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value)

const wrongType = (name: string, what: string) =>
  new EngineError('bad_option', `option "${name}" must be of ${what}`)

/** A model's stored parameters: what is of the wrong type there is passed over rather than breaking the model. */
function storedOptions(parameters: Readonly<Record<string, unknown>>): Partial<ModelOptions> {
  const options: Partial<ModelOptions> = {}
  for (const [name, value] of Object.entries(parameters)) {
    try {
      Object.assign(options, parseOptions({ [name]: value }))
    } catch {
      // Another program wrote it; Ollama would not even load the model.
    }
  }
  return options
}

export interface OptionSources {
  /** A dialect's own defaults. */
  defaults: Partial<ModelOptions>
  /** The model's stored parameters, by Ollama's names. */
  parameters: Readonly<Record<string, unknown>>
  request: Partial<ModelOptions>
  /** The longest context the model was trained on. */
  trainedContext: number | undefined
  /** Where nobody names a context length; 0 leaves it open. */
  defaultContext: number
  hasVision: boolean
}

/** Smallest contexts Ollama allows (server/sched.go, llm/server.go). */
const MIN_CONTEXT = 4
const MIN_VISION_CONTEXT = 2048
/** More answer than this many contexts is taken for "no limit" (server/prompt.go). */
const MAX_CONTEXTS_OF_OUTPUT = 10
const MAX_BATCH = 16_384
/** llama.cpp's own limit (GGML_MAX_N_THREADS). */
const MAX_THREADS = 512

/** The options in a context of this length, which bounds the answer too. */
export function inContext(options: ModelOptions, contextLength: number): ModelOptions {
  const mostTokens = MAX_CONTEXTS_OF_OUTPUT * contextLength
  const isUnlimited = options.maxTokens < 0 || options.maxTokens > mostTokens
  return { ...options, contextLength, maxTokens: isUnlimited ? mostTokens : options.maxTokens }
}

/** What somebody has named: request over model over dialect. */
export const namedOptions = ({
  defaults,
  parameters,
  request,
}: Pick<OptionSources, 'defaults' | 'parameters' | 'request'>): Partial<ModelOptions> => ({
  ...defaults,
  ...storedOptions(parameters),
  ...request,
})

/** Request over model over dialect over built-in, brought within what the model and the engine allow. */
export function resolveOptions(sources: OptionSources): ModelOptions {
  const named = namedOptions(sources)
  const merged: ModelOptions = { ...DEFAULT_OPTIONS, contextLength: sources.defaultContext, ...named }
  const least = sources.hasVision ? MIN_VISION_CONTEXT : MIN_CONTEXT
  // A 0 that somebody names means the least there is.
  const isOpen = sources.defaultContext === 0 && named.contextLength === undefined
  const wanted = Math.max(least, merged.contextLength)
  const contextLength = isOpen ? 0 : Math.min(wanted, sources.trainedContext ?? wanted)
  return {
    ...(isOpen ? merged : inContext(merged, contextLength)),
    threads: Math.min(Math.max(0, merged.threads), MAX_THREADS),
    batchTokens: Math.min(Math.max(1, merged.batchTokens), MAX_BATCH),
  }
}
