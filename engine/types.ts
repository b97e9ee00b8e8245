import type { Backend } from './backend.ts'
import type { Embeddings, EmbedJob, Reranking, RerankJob } from './embedding/types.ts'
import type { EngineError } from './errors.ts'
import type { Probe } from './health/probe.ts'
import type { ModelOptions } from './model-options.ts'
import type { MemoryByDevice, PlannedLoad } from './planning/types.ts'
import type { Pulse } from './scheduler/types.ts'
import type { InstalledModel } from './store/types.ts'

/** One turn of a conversation. `images` are decoded bytes. */
export interface Message {
  role: string
  content: string
  thinking?: string
  images?: Uint8Array[]
  toolCalls?: ToolCall[]
  toolName?: string
  toolCallId?: string
}

export interface ToolCall {
  /** Absent in a request that did not name one; always set on calls the engine emits. */
  id?: string
  name: string
  arguments: Record<string, unknown>
}

/** A function the model may call, as the client wrote it: every schema keyword is kept for the template. */
export interface Tool {
  type: string
  function: { name: string; description?: string; parameters?: Record<string, unknown> }
  [extra: string]: unknown
}

export type ThinkLevel = boolean | 'low' | 'medium' | 'high' | 'max'

/** `json`: any JSON object. Otherwise a JSON Schema the answer must satisfy, or a grammar (GBNF) with a `root` rule. */
export type AnswerFormat = 'json' | { schema: Record<string, unknown> } | { grammar: string }

/** Whether a person waits for the answer, or a program that has time. */
export type Priority = 'interactive' | 'batch'

/** Who asks, so that the server can be fair to all. */
export interface Asker {
  /** An API key, a name or an address; those who say nothing are one client. */
  client?: string
  /** `interactive` where absent. */
  priority?: Priority
  /** Told once if the job has to wait: how many wait for the same model, this one included. */
  onQueued?: (position: number) => void
}

interface JobBase extends Asker {
  model: InstalledModel
  /** The name as the client wrote it, for messages. */
  rawName: string
  /** What this request asks for; wins over the model's own parameters. */
  options: Partial<ModelOptions>
  /** A dialect's defaults; the model's own parameters win over them. */
  defaults?: Partial<ModelOptions>
  /** Infinity keeps the model loaded; absent leaves a loaded model's time as it is. */
  keepAliveMs?: number
  think?: ThinkLevel
  format?: AnswerFormat
  /** Report the log-probability of each token and this many alternatives (0 to 20). */
  topLogprobs?: number
  /** A prompt longer than the context: drop old turns (true) or refuse (false). */
  truncate: boolean
  /** Let generation run past the context by forgetting the oldest tokens. */
  shift: boolean
}

export interface ChatJob extends JobBase {
  kind: 'chat'
  messages: Message[]
  tools: Tool[]
  /** `required` and a name need a grammar; see engine/prompt. */
  toolChoice: 'auto' | 'none' | 'required' | { name: string }
  parallelToolCalls: boolean
}

export interface GenerateJob extends JobBase {
  kind: 'generate'
  /** Text, or tokens that are fed as they are (then `raw` must be set). */
  prompt: string | readonly number[]
  /** Replaces the model's own system text. */
  system?: string
  /** Replaces the model's own template; in Go's syntax. */
  template?: string
  /** Text after the gap: fill-in-middle. */
  suffix?: string
  /** No template, no parsing of thinking. */
  raw: boolean
  /**
   * Also report the log-probability of each token of the prompt and so many alternatives (0 to 20). The whole
   * prompt is evaluated then, whatever of it is known.
   */
  promptLogprobs?: number
  /** Tokens of an earlier exchange to go before the prompt. */
  context?: readonly number[]
  images?: Uint8Array[]
}

export type Job = ChatJob | GenerateJob

/** Which model a job wants, how, and for whom. */
export type ModelUse = Pick<
  JobBase,
  'model' | 'rawName' | 'options' | 'defaults' | 'keepAliveMs' | keyof Asker
>

export interface TokenLogprob {
  /** The token's text; broken UTF-8 shown as U+FFFD. */
  token: string
  /** The token's exact bytes. */
  bytes: number[]
  /** Natural logarithm, before sampling. */
  logprob: number
}

export interface ChosenToken extends TokenLogprob {
  alternatives: TokenLogprob[]
}

/** A token of the prompt. The first has no `logprob`: nothing stands before it that could make it likely. */
export interface PromptToken extends Omit<ChosenToken, 'logprob'> {
  logprob: number | null
}

/** Counts are tokens, times are milliseconds (fractions allowed). */
export interface Usage {
  /** The whole prompt, reused tokens included. */
  promptTokens: number
  /** Prompt tokens found in the cache. */
  cachedTokens: number
  outputTokens: number
  /** Tokens of the prompt as it was sent that were left out because they did not fit; absent when none were. */
  droppedTokens?: number
  /** Tokens that had to be forgotten while the answer grew past the context; absent when none were. */
  shiftedTokens?: number
  /** Tokens computed ahead of the answer, and of these those that became part of it; absent when there were none. */
  draftedTokens?: number
  acceptedTokens?: number
  /** Of outputTokens, those spent thinking. */
  thinkingTokens: number
  /** From the start of the job until a runner was ready. */
  loadMs: number
  promptMs: number
  outputMs: number
  /** From the start of the job to its end. */
  totalMs: number
}

export type StopReason = 'stop' | 'length'

export type EngineEvent =
  /** The prompt was accepted: nothing but an engine failure can refuse the job now. Comes first. */
  | { type: 'started'; droppedTokens?: number }
  /** The next tokens of the prompt, in order and all before the answer; only where a job asks for them. */
  | { type: 'prompt-tokens'; tokens: PromptToken[] }
  | { type: 'thinking-delta'; text: string; logprobs?: ChosenToken[] }
  /** May be empty when it only carries log-probabilities. */
  | { type: 'text-delta'; text: string; logprobs?: ChosenToken[] }
  /** A whole call; `index` counts from 0 over the answer. */
  | { type: 'tool-call'; index: number; call: ToolCall & { id: string } }
  /** Comes last, exactly once. `context`: prompt and answer as tokens, for /api/generate. */
  | { type: 'end'; reason: StopReason; usage: Usage; context?: number[] }

/** A model in memory, for `ps`. */
export interface LoadedModel {
  model: InstalledModel
  sizeBytes: number
  /** Of sizeBytes, what lies on a GPU. */
  sizeVramBytes: number
  /** Per request. */
  contextLength: number
  /** Milliseconds since the epoch; Infinity when the model stays. */
  expiresAtMs: number
  /** Requests it serves at the same time. */
  slots: number
  /** Slots with a request. */
  busySlots: number
  /** Requests that wait for a slot, or for the model to be loaded in another way. */
  waiting: number
  /** Of all answers together, over the last seconds. */
  tokensPerSecond: number
  /** What its runner says it has taken. */
  memory: MemoryByDevice
  /** How its load was planned; absent where nothing plans. */
  planned?: PlannedLoad
}

/** The prompt exactly as the model would read it. */
export interface RenderedPrompt {
  text: string
  imageCount: number
}

/** What routes see: models in, events out. */
export interface Engine {
  /**
   * Streams one answer. Throws EngineError before the first event if the job cannot run; stops soon
   * after `signal` aborts.
   */
  run(job: Job, signal: AbortSignal): AsyncIterable<EngineEvent>
  /**
   * Embeds inputs, all or none. Throws EngineError: `unsupported`, `context_overflow` for an input that is too
   * long, `bad_request` for unknown tokens, `bad_embedding` when the model gave numbers that are none.
   */
  embed(job: EmbedJob, signal: AbortSignal): Promise<Embeddings>
  /** Scores documents by how well they fit a query. Throws EngineError like `embed`. */
  rerank(job: RerankJob, signal: AbortSignal): Promise<Reranking>
  /** Refuses what `run` would refuse without a loaded model (capabilities, format). Throws EngineError. */
  check(job: Job): void
  /**
   * Why nothing of a model can be run, wherever it is: it is a stub of a server that must not be asked
   * (`unsupported`, `cloud_disabled`). Undefined for all other models.
   */
  refusal(model: InstalledModel): EngineError | undefined
  /** The prompt `run` would use. Loads nothing and drops no turns. Throws EngineError `unsupported` for a stub. */
  render(job: Job): RenderedPrompt
  /** Puts the model in memory and resets its keep-alive; nothing happens for a stub, which its own server loads. */
  load(job: Pick<Job, 'model' | 'options' | 'keepAliveMs' | keyof Asker>, signal: AbortSignal): Promise<void>
  /** Lets a loaded model go as soon as its running requests have ended. Returns at once. */
  unload(model: InstalledModel): void
  /** Longest remaining time first. */
  loaded(): LoadedModel[]
  /** Models on their way into memory. */
  loading(): InstalledModel[]
  /**
   * What the scheduler's loop answers when asked. Throws EngineError `busy` when it does not within `deadlineMs`, and
   * what it threw when it cannot.
   */
  pulse(deadlineMs: number): Promise<Pulse>
  /**
   * Asks each loaded model for one token, all at the same time, within `budgetMs`. Loads nothing, and leaves alone
   * how long models stay. Never throws for a model: its result says what went wrong.
   */
  probe(budgetMs: number): Promise<Probe[]>
  /** Stores weights in another type, see Backend; absent where the backend cannot. */
  quantize?: Backend['quantize']
  /** Ends every runner and waits until their processes are gone. */
  close(): Promise<void>
}
