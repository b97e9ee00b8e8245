/** What a child says, before the parent believes it: native code may have written anywhere in its memory. */
import type { BufferSize, EmbeddingInfo, RunnerInfo, RunnerStatus } from '../backend.ts'
import type { EngineErrorCode } from '../errors.ts'
import type { ChosenToken, PromptToken, TokenLogprob } from '../types.ts'
import { isDevices } from './devices-protocol.ts'
import type { Failure, StepEvent, ToParent } from './protocol.ts'
import {
  type Body,
  type Check,
  either,
  isCount,
  isFlag,
  isNumber,
  isText,
  listOf,
  object,
  oneOf,
  optional,
  tagged,
} from './shape.ts'

const CODES: Record<EngineErrorCode, true> = {
  bad_request: true,
  bad_option: true,
  bad_format: true,
  bad_template: true,
  bad_embedding: true,
  cloud_disabled: true,
  invalid_model_name: true,
  model_not_found: true,
  unsupported: true,
  context_overflow: true,
  busy: true,
  cancelled: true,
  create_failed: true,
  does_not_fit: true,
  load_failed: true,
  load_timeout: true,
  pull_failed: true,
  quantize_failed: true,
  rate_limited: true,
  convert_failed: true,
  invalid_answer: true,
  registry_failed: true,
  runner_died: true,
  remote_failed: true,
  shutting_down: true,
}

const isFailure = object<Failure>({
  code: (code) => typeof code === 'string' && Object.hasOwn(CODES, code),
  message: isText,
})

const logprob = {
  token: isText,
  bytes: listOf(isCount),
  // JSON writes minus infinity as null.
  logprob: either(isNumber, oneOf(null)),
}
const isLogprob = object<ChosenToken>({ ...logprob, alternatives: listOf(object<TokenLogprob>(logprob)) })

const isPromptToken = object<PromptToken>({ ...logprob, alternatives: listOf(object<TokenLogprob>(logprob)) })

const isStepEvent = tagged<StepEvent>({
  'prompt-tokens': object<Body<StepEvent, 'prompt-tokens'>>({ id: isCount, tokens: listOf(isPromptToken) }),
  prompt: object<Body<StepEvent, 'prompt'>>({
    id: isCount,
    promptTokens: isCount,
    cachedTokens: isCount,
    promptMs: isNumber,
  }),
  text: object<Body<StepEvent, 'text'>>({
    id: isCount,
    text: isText,
    tokens: isCount,
    logprobs: optional(listOf(isLogprob)),
  }),
  end: object<Body<StepEvent, 'end'>>({
    id: isCount,
    reason: oneOf('stop', 'length'),
    outputTokens: isCount,
    outputMs: isNumber,
    tokenIds: optional(listOf(isCount)),
    shiftedTokens: optional(isCount),
    draftedTokens: optional(isCount),
    acceptedTokens: optional(isCount),
  }),
  failed: object<Body<StepEvent, 'failed'>>({ id: isCount, failure: isFailure }),
})

const isEmbedding = object<EmbeddingInfo>({
  pooling: oneOf('mean', 'cls', 'last', 'rank'),
  length: isCount,
  maxTokens: isCount,
  pair: object<EmbeddingInfo['pair']>({
    before: listOf(isCount),
    between: listOf(isCount),
    after: listOf(isCount),
  }),
})

const isInfo = object<RunnerInfo>({
  contextLength: isCount,
  slots: isCount,
  vocabularySize: isCount,
  buffers: listOf(object<BufferSize>({ device: isText, kind: isText, bytes: isNumber })),
  sizeBytes: isNumber,
  sizeVramBytes: isNumber,
  addsBos: isFlag,
  controlTokens: listOf(isText),
  canShift: isFlag,
  description: isText,
  devices: optional(isDevices),
  embedding: optional(isEmbedding),
})

/** True for a message that a sane child may send. The value of an answer is left to whoever asked. */
export const isFromChild = tagged<ToParent>({
  progress: object<Body<ToParent, 'progress'>>({ fraction: isNumber }),
  loaded: object<Body<ToParent, 'loaded'>>({ info: isInfo }),
  'load-failed': object<Body<ToParent, 'load-failed'>>({ failure: isFailure }),
  step: object<Body<ToParent, 'step'>>({ events: listOf(isStepEvent) }),
  answer: object<Body<ToParent, 'answer'>>({ id: isCount, value: (value) => value !== undefined }),
  'call-failed': object<Body<ToParent, 'call-failed'>>({ id: isCount, failure: isFailure }),
  pong: object<Body<ToParent, 'pong'>>({ step: either(isCount, oneOf(null)) }),
  log: object<Body<ToParent, 'log'>>({ message: isText }),
})

export const isTokens: Check = listOf(isCount)
export const isStatus: Check = object<RunnerStatus>({
  busySlots: isCount,
  waiting: isCount,
  outputTokens: isCount,
  draftedTokens: optional(isCount),
  acceptedTokens: optional(isCount),
  steps: optional(isCount),
  pausedSlots: optional(isCount),
  pid: optional(isCount),
})
