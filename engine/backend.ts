import type { EngineDevice } from './hardware/reconcile.ts'
import type { LoadOptions, SamplingOptions } from './model-options.ts'
import type { LateGrammar } from './prompt/job-grammar.ts'
import type { ThoughtTags } from './prompt/thought-watch.ts'
import type { QuantizationType } from './quantization.ts'
import type { ChosenToken, PromptToken, StopReason } from './types.ts'

/** What to load and how. Paths are absolute. */
export interface LoadPlan extends LoadOptions {
  weightsPath: string
  adapterPaths: readonly string[]
  /** How strongly each adapter acts, in their order; 1 where missing, 0 is without effect. */
  adapterScales?: readonly number[]
  /** Requests the runner serves at the same time, each with `contextLength` tokens; 0 chooses by free memory. */
  slots: number
  /** Tokens that all slots together have cells for; absent leaves it to the runner. At least `contextLength` count. */
  cells?: number
  /** What is known of the model's need of memory, for choosing slots and cells. */
  memory?: { weightsBytes: number; kvBytesPerToken: number }
  /** Keep weights from being swapped out. Where the system does not allow it, a warning is all that happens. */
  mlock?: boolean
  /** Read weights past the page cache; wins over `mmap` and `mlock`. */
  directIo?: boolean
  /** How memory and threads are spread over the nodes of a machine with several (llama.cpp's `--numa`). */
  numa?: 'distribute' | 'isolate' | 'numactl'
  /** Proportions of the model on each GPU, in the order of devices; the library's own choice where absent. */
  tensorSplit?: readonly number[]
  /** Mixture-of-experts models: the experts of so many first layers stay in main memory. */
  cpuExpertLayers?: number | 'all'
  /**
   * Tensors whose name matches a pattern (ECMAScript syntax of C++'s std::regex) go to the device named: `CPU`
   * or one of the library's, such as `CUDA0`. The first match counts, before `cpuExpertLayers`.
   */
  tensorOverrides?: readonly { pattern: string; device: string }[]
  /** Instead of what the model's file says of its positions. */
  rope?: RopeOverrides
  kvCacheType: 'f16' | 'q8_0' | 'q4_0'
  flashAttention: boolean | 'auto'
  /** The model only embeds or ranks: it gets no context for generating text. */
  embedsOnly?: boolean
  /** Where states of earlier prompts are kept beside the slots; absent keeps none. */
  cache?: CachePlan
  /** Whether tokens are computed ahead where the text repeats itself; `auto`, as where it is absent, does it when that pays. */
  speculation?: 'auto' | 'off'
}

/** Bounds of what is kept so that prompts with a known beginning need not be evaluated again. */
export interface CachePlan {
  /** Host memory for it; absent lets the runner choose by the machine, 0 keeps nothing there. */
  ramBytes?: number
  /** Absolute path of a folder that outlives the runner; absent keeps nothing on disk. */
  dir?: string
  /** What may lie in `dir`, all models together. */
  dirBytes: number
}

/** Rotary position embedding: what is absent is as the model's file says. */
export interface RopeOverrides {
  scaling?: 'none' | 'linear' | 'yarn' | 'longrope'
  frequencyBase?: number
  /** Below 1 stretches positions: 0.5 doubles the context. */
  frequencyScale?: number
  /** YaRN: how far to extrapolate (0 interpolates everything) and the factor on attention. */
  yarnExtFactor?: number
  yarnAttnFactor?: number
  yarnBetaFast?: number
  yarnBetaSlow?: number
  /** YaRN: the context length the model was trained with. */
  yarnOriginalContext?: number
}

/**
 * Bytes by device and kind, as the native library logs them when it loads: mebibytes with two decimals, so within
 * 5 KiB of the truth. llama.cpp's C interface has nothing more exact; its `llama_get_memory_breakdown` returns a
 * C++ container, whose layout differs between compilers.
 */
export interface BufferSize {
  device: string
  kind: 'weights' | 'kv' | 'compute' | 'output'
  bytes: number
}

/** How a model makes one vector out of the tokens of an input. `rank`: not a vector but scores. */
export type Pooling = 'mean' | 'cls' | 'last' | 'rank'

/** What a runner knows of the embeddings, or scores, that its model gives. */
export interface EmbeddingInfo {
  pooling: Pooling
  /** Numbers for each input. */
  length: number
  /** Tokens one input may have. */
  maxTokens: number
  /** Tokens that stand before, between and after the two texts that a reranker without a template compares. */
  pair: { before: number[]; between: number[]; after: number[] }
}

export interface RunnerInfo {
  /** Tokens per slot. */
  contextLength: number
  slots: number
  vocabularySize: number
  buffers: BufferSize[]
  sizeBytes: number
  sizeVramBytes: number
  /** The tokenizer puts a begin-of-text token in front by itself. */
  addsBos: boolean
  /** The texts of the vocabulary's control tokens, such as `<|im_start|>`, of two characters or more. */
  controlTokens: readonly string[]
  /** Context shift is possible with this model's memory. */
  canShift: boolean
  /** Absent where the model cannot embed. */
  embedding?: EmbeddingInfo
  /** What the runner can compute on, in its order; absent where the backend does not tell. */
  devices?: EngineDevice[]
  /** For logs and diagnosis: library version, CPU features, devices. */
  description: string
}

export interface RunnerStatus {
  busySlots: number
  /** Requests without a slot. */
  waiting: number
  /** Generated since the model was loaded. */
  outputTokens: number
  /** Tokens computed ahead since then, and how many of them were accepted. */
  draftedTokens?: number
  acceptedTokens?: number
  /** Steps of computation that have ended since then, those of prompts too. */
  steps?: number
  /** Of busySlots, those whose reader is too slow to go on for. */
  pausedSlots?: number
  /** The process that holds the model, where there is one. */
  pid?: number
}

/** One generation on a runner. Tokens in, text out; no template, no tags. */
export interface RunnerRequest {
  prompt: readonly number[]
  sampling: SamplingOptions
  /** Negative is no limit but the context. */
  maxTokens: number
  keepTokens: number
  shift: boolean
  stop: readonly string[]
  /** Most tokens of prompt and answer together, where that is less than the runner's context. */
  contextLimit?: number
  /** Alternatives to report with each token; absent reports no log-probabilities. */
  topLogprobs?: number
  /** Alternatives to report with each token of the prompt, which is evaluated whole then; absent reports none. */
  promptLogprobs?: number
  /** GBNF with a `root` rule: every token must follow it. */
  grammar?: string
  /** A grammar that holds only from a tag on; not beside `grammar`. */
  lateGrammar?: LateGrammar
  /** Tags such as `[TOOL_CALLS]` that are shown even where they are control tokens, which are silent otherwise. */
  tags?: readonly string[]
  /** Ends a thought that gets too long. */
  thought?: ThoughtBudget
  /** Also report the ids of generated tokens on the end event. */
  returnTokens?: boolean
}

/** The thought an answer may begin with, and how long it may be. */
export interface ThoughtBudget extends ThoughtTags {
  /** Most tokens, the opening tag included. */
  tokens: number
  /** The closing tag. */
  closing: readonly number[]
}

export type RunnerEvent =
  /** The next tokens of a prompt that is scored. They all come before `prompt`. */
  | { type: 'prompt-tokens'; tokens: PromptToken[] }
  /** The prompt is evaluated; the first token follows. */
  | { type: 'prompt'; promptTokens: number; cachedTokens: number; promptMs: number }
  /** Whole UTF-8 characters that no stop string can still swallow. `tokens` is how many led to it. */
  | { type: 'text'; text: string; tokens: number; logprobs?: ChosenToken[] }
  | {
      type: 'end'
      reason: StopReason
      outputTokens: number
      outputMs: number
      tokenIds?: number[]
      /** Forgotten by context shifts; absent when there were none. */
      shiftedTokens?: number
      /** Computed ahead, and of these those that became part of the answer; absent when there were none. */
      draftedTokens?: number
      acceptedTokens?: number
    }

/** A loaded model, wherever it runs. */
export interface Runner {
  readonly info: RunnerInfo
  /** Settles when the runner is gone, with the reason if that was not asked for. Never rejects. */
  readonly gone: Promise<Error | undefined>
  /** `special`: texts such as `<|im_end|>` become their control token. */
  tokenize(text: string, options: { special: boolean; bos: boolean }): Promise<number[]>
  detokenize(tokens: readonly number[]): Promise<string>
  /** Waits for a free slot. Throws EngineError `runner_died` when the runner goes; stops soon after `signal` aborts. */
  generate(request: RunnerRequest, signal: AbortSignal): AsyncIterable<RunnerEvent>
  /**
   * The embedding of each input as the model gives it, not normalised. Requests share decode steps. Throws
   * EngineError `bad_request` for an input without tokens, with unknown ones or too many, and rejects as soon
   * as `signal` aborts. Absent where the model cannot embed.
   */
  embed?(inputs: readonly (readonly number[])[], signal: AbortSignal): Promise<Float32Array[]>
  /** The raw score of each input, a query with a document. Otherwise like `embed`; only rerankers have it. */
  rerank?(inputs: readonly (readonly number[])[], signal: AbortSignal): Promise<number[]>
  /** What the runner itself says it is doing. */
  status(): Promise<RunnerStatus>
  /** Ends the runner and waits until its process is gone. */
  close(): Promise<void>
}

/** Weights to store in another type. Paths are absolute. */
export interface QuantizeJob {
  from: string
  /** Appears under this name when it is complete, instead of what is there. */
  to: string
  type: QuantizationType
}

/** A way to run models: embedded llama.cpp, a managed llama-server, a remote engine. */
export interface Backend {
  readonly name: string
  /**
   * Puts a model in memory. `onProgress` gets fractions from 0 to 1. Throws EngineError `load_failed`;
   * an abort of `signal` stops the load and frees what it took.
   */
  load(plan: LoadPlan, signal: AbortSignal, onProgress: (fraction: number) => void): Promise<Runner>
  /**
   * Writes a GGUF file's weights in another type; `bytes` is the size of the new file. `onProgress` gets
   * fractions that never fall and end with 1. Throws EngineError `quantize_failed` with the reason, and
   * `cancelled` soon after `signal` aborts; no part of the new file stays then.
   */
  quantize?(
    job: QuantizeJob,
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<{ bytes: number }>
  /**
   * The devices that a model could be loaded on, with what is free on them now. Takes a process of its own. Throws
   * EngineError `load_failed` with the reason, and `cancelled` when the backend is closed.
   */
  devices?(): Promise<EngineDevice[]>
  /** True while no model is loaded, loads or is quantized: nothing disturbs, or is disturbed by, a measurement. */
  isIdle?(): boolean
  close(): Promise<void>
}
