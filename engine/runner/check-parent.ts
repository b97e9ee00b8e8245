/** What the parent asks for, before the child hands any of it to native code. */
import type { CachePlan, LoadPlan, RopeOverrides, RunnerRequest, ThoughtBudget } from '../backend.ts'
import type { SamplingOptions } from '../model-options.ts'
import type { LateGrammar } from '../prompt/job-grammar.ts'
import type { ThoughtTags } from '../prompt/thought-watch.ts'
import type { ToChild } from './protocol.ts'
import {
  type Body,
  type Check,
  either,
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

const isRope = object<RopeOverrides>({
  scaling: optional(oneOf('none', 'linear', 'yarn', 'longrope')),
  frequencyBase: optional(isNumber),
  frequencyScale: optional(isNumber),
  yarnExtFactor: optional(isNumber),
  yarnAttnFactor: optional(isNumber),
  yarnBetaFast: optional(isNumber),
  yarnBetaSlow: optional(isNumber),
  yarnOriginalContext: optional(isCount),
})

type Memory = NonNullable<LoadPlan['memory']>
type Override = NonNullable<LoadPlan['tensorOverrides']>[number]

const isCache = object<CachePlan>({ ramBytes: optional(isNumber), dir: optional(isText), dirBytes: isNumber })

const isPlan = object<LoadPlan>({
  weightsPath: isText,
  adapterPaths: listOf(isText),
  adapterScales: optional(listOf(isNumber)),
  cells: optional(isCount),
  memory: optional(object<Memory>({ weightsBytes: isNumber, kvBytesPerToken: isNumber })),
  mlock: optional(isFlag),
  directIo: optional(isFlag),
  numa: optional(oneOf('distribute', 'isolate', 'numactl')),
  tensorSplit: optional(listOf(isNumber)),
  cpuExpertLayers: optional(either(isCount, oneOf('all'))),
  tensorOverrides: optional(listOf(object<Override>({ pattern: isText, device: isText }))),
  rope: optional(isRope),
  embedsOnly: optional(isFlag),
  cache: optional(isCache),
  speculation: optional(oneOf('auto', 'off')),
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
  mirostat: isNumber,
  mirostatTau: isNumber,
  mirostatEta: isNumber,
  dryMultiplier: isNumber,
  dryBase: isNumber,
  dryAllowedLength: isNumber,
  dryPenaltyLastN: isNumber,
  drySequenceBreakers: listOf(isText),
  xtcProbability: isNumber,
  xtcThreshold: isNumber,
  topNSigma: isNumber,
  logitBias: listOf(isBias),
})

const thoughtTags = { open: isText, close: isText, isOpen: isFlag }

const isLateGrammar = object<LateGrammar>({
  grammar: isText,
  tag: isText,
  thought: optional(object<ThoughtTags>(thoughtTags)),
})

const isRequest = object<RunnerRequest>({
  // Their range is the vocabulary's business, which answers with the token at fault.
  prompt: listOf(isWhole),
  sampling: isSampling,
  maxTokens: isNumber,
  keepTokens: isNumber,
  shift: isFlag,
  stop: listOf(isText),
  contextLimit: optional(isCount),
  topLogprobs: optional(isCount),
  promptLogprobs: optional(isCount),
  grammar: optional(isText),
  lateGrammar: optional(isLateGrammar),
  tags: optional(listOf(isText)),
  thought: optional(object<ThoughtBudget>({ ...thoughtTags, tokens: isCount, closing: listOf(isWhole) })),
  returnTokens: optional(isFlag),
})

const isNamed = object<{ id: number }>({ id: isCount })
const isBare: Check = () => true

/** True for a message that a child can act on. */
export const isFromParent = tagged<ToChild>({
  load: object<Body<ToChild, 'load'>>({ plan: isPlan, libraryDir: optional(isText) }),
  generate: object<Body<ToChild, 'generate'>>({ id: isCount, request: isRequest }),
  embed: object<Body<ToChild, 'embed'>>({ id: isCount, inputs: listOf(listOf(isWhole)) }),
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
