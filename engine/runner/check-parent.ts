/** What the parent asks for, before the child hands any of it to native code. */
import type { LoadPlan, RunnerRequest } from '../backend.ts'
import type { SamplingOptions } from '../types.ts'
import type { ToChild } from './protocol.ts'
import {
  type Body,
  type Check,
  isCount,
  isFlag,
  isNumber,
  isText,
  isWhole,
  listOf,
  object,
  oneOf,
  optional,
  tagged,
} from './shape.ts'

const isPlan = object<LoadPlan>({
  weightsPath: isText,
  adapterPaths: listOf(isText),
  slots: isCount,
  kvCacheType: oneOf('f16', 'q8_0', 'q4_0'),
  flashAttention: oneOf(true, false, 'auto'),
  contextLength: isCount,
  batchTokens: isWhole,
  gpuLayers: isWhole,
  mainGpu: optional(isWhole),
  mmap: optional(isFlag),
  threads: isWhole,
})

const isBias: Check = (value) =>
  Array.isArray(value) && value.length === 2 && isWhole(value[0]) && isNumber(value[1])

const isSampling = object<SamplingOptions>({
  seed: isNumber,
  temperature: isNumber,
  topK: isNumber,
  topP: isNumber,
  minP: isNumber,
  typicalP: isNumber,
  repeatLastN: isNumber,
  repeatPenalty: isNumber,
  presencePenalty: isNumber,
  frequencyPenalty: isNumber,
  logitBias: listOf(isBias),
})

const isRequest = object<RunnerRequest>({
  // Their range is the vocabulary's business, which answers with the token at fault.
  prompt: listOf(isWhole),
  sampling: isSampling,
  maxTokens: isNumber,
  keepTokens: isNumber,
  shift: isFlag,
  stop: listOf(isText),
  topLogprobs: optional(isCount),
  grammar: optional(isText),
  tags: optional(listOf(isText)),
  returnTokens: optional(isFlag),
})

const isNamed = object<{ id: number }>({ id: isCount })
const isBare: Check = () => true

/** True for a message that a child can act on. */
export const isFromParent = tagged<ToChild>({
  load: object<Body<ToChild, 'load'>>({ plan: isPlan, libraryDir: optional(isText) }),
  generate: object<Body<ToChild, 'generate'>>({ id: isCount, request: isRequest }),
  cancel: isNamed,
  pause: isNamed,
  resume: isNamed,
  tokenize: object<Body<ToChild, 'tokenize'>>({ id: isCount, text: isText, special: isFlag, bos: isFlag }),
  detokenize: object<Body<ToChild, 'detokenize'>>({ id: isCount, tokens: listOf(isWhole) }),
  status: isNamed,
  ping: isBare,
  'abort-load': isBare,
  shutdown: isBare,
})

/** The request or call that a message names, even where the rest of it makes no sense. */
export function idOf(message: unknown): number | undefined {
  const id = (message as { id?: unknown } | null)?.id
  return isCount(id) ? (id as number) : undefined
}
