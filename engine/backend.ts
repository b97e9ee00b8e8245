import type { LateGrammar } from './prompt/job-grammar.ts'
import type { ChosenToken, LoadOptions, SamplingOptions, StopReason } from './types.ts'

/** What to load and how. Paths are absolute. */
export interface LoadPlan extends LoadOptions {
  weightsPath: string
  adapterPaths: readonly string[]
  /** Requests the runner serves at the same time, each with `contextLength` tokens. */
  slots: number
  kvCacheType: 'f16' | 'q8_0' | 'q4_0'
  flashAttention: boolean | 'auto'
}

/** Bytes by device and kind, as the native library reports them after a load. */
export interface BufferSize {
  device: string
  kind: 'weights' | 'kv' | 'compute' | 'output'
  bytes: number
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
  /** Context shift is possible with this model's memory. */
  canShift: boolean
  /** For logs and diagnosis: library version, CPU features, devices. */
  description: string
}

export interface RunnerStatus {
  busySlots: number
  /** Requests without a slot. */
  waiting: number
  /** Generated since the model was loaded. */
  outputTokens: number
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
  /** Alternatives to report with each token; absent reports no log-probabilities. */
  topLogprobs?: number
  /** GBNF with a `root` rule: every token must follow it. */
  grammar?: string
  /** A grammar that holds only from a tag on; not beside `grammar`. */
  lateGrammar?: LateGrammar
  /** Tags such as `[TOOL_CALLS]` that are shown even where they are control tokens, which are silent otherwise. */
  tags?: readonly string[]
  /** Also report the ids of generated tokens on the end event. */
  returnTokens?: boolean
}

export type RunnerEvent =
  /** The prompt is evaluated; the first token follows. */
  | { type: 'prompt'; promptTokens: number; cachedTokens: number; promptMs: number }
  /** Whole UTF-8 characters that no stop string can still swallow. `tokens` is how many led to it. */
  | { type: 'text'; text: string; tokens: number; logprobs?: ChosenToken[] }
  | { type: 'end'; reason: StopReason; outputTokens: number; outputMs: number; tokenIds?: number[] }

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
  /** What the runner itself says it is doing. */
  status(): Promise<RunnerStatus>
  /** Ends the runner and waits until its process is gone. */
  close(): Promise<void>
}

/** A way to run models: embedded llama.cpp, a managed llama-server, a remote engine. */
export interface Backend {
  readonly name: string
  /**
   * Puts a model in memory. `onProgress` gets fractions from 0 to 1. Throws EngineError `load_failed`;
   * an abort of `signal` stops the load and frees what it took.
   */
  load(plan: LoadPlan, signal: AbortSignal, onProgress: (fraction: number) => void): Promise<Runner>
  close(): Promise<void>
}
