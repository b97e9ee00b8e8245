import type { LoadPlan } from './backend.ts'
import { EngineError } from './errors.ts'
import { kvBytesPerToken } from './fit/cache.ts'
import type { ModelOptions } from './model-options.ts'
import { resolveOptions } from './options.ts'
import type { EngineSettings } from './settings.ts'
import type { Job } from './types.ts'

/** Families whose engine state cannot be shared between requests (ollama server/sched.go). */
const ONE_AT_A_TIME = new Set([
  'mllama',
  'qwen3vl',
  'qwen3vlmoe',
  'qwen35',
  'qwen35moe',
  'qwen3next',
  'lfm2',
  'lfm2moe',
  'nemotron_h',
  'nemotron_h_moe',
  'nemotron_h_omni',
])

/** An input must fit into one step, so it is larger than for generating (ollama llm/llama_server.go). */
const EMBEDDING_BATCH = 2048

/**
 * The options a job really runs with: request over model over dialect over built-in defaults. A context length that
 * nobody names is 0 until a runner tells it.
 */
export function optionsFor(
  job: Pick<Job, 'model' | 'options' | 'defaults'>,
  settings: EngineSettings,
): ModelOptions {
  const { model, options, defaults } = job
  const hasPooling = model.facts?.hasPooling === true
  return resolveOptions({
    defaults: hasPooling ? { batchTokens: EMBEDDING_BATCH, ...defaults } : (defaults ?? {}),
    parameters: model.parameters,
    request: options,
    trainedContext: model.facts?.contextLength,
    defaultContext: settings.contextLength,
    hasVision: model.capabilities.includes('vision'),
  })
}

/** How a job's model is to be loaded. Throws EngineError `unsupported` for a model without weights here. */
export function loadPlanFor(
  { model }: Pick<Job, 'model'>,
  options: ModelOptions,
  settings: EngineSettings,
): LoadPlan {
  if (model.weightsPath === undefined) {
    throw new EngineError('unsupported', 'this server cannot run this remote model')
  }
  const isAlone = model.facts?.hasPooling === true || ONE_AT_A_TIME.has(model.facts?.architecture ?? '')
  const { facts } = model
  const kvCacheType = settings.kvCacheType === 'auto' ? 'f16' : settings.kvCacheType
  const perToken = facts && kvBytesPerToken(facts, kvCacheType)
  return {
    weightsPath: model.weightsPath,
    adapterPaths: model.adapterPaths,
    slots: isAlone ? 1 : settings.parallel,
    ...(perToken ? { memory: { weightsBytes: facts.tensorBytes, kvBytesPerToken: perToken } } : {}),
    ...settings.placement,
    kvCacheType,
    flashAttention: settings.flashAttention,
    ...(model.capabilities.includes('completion') ? {} : { embedsOnly: true }),
    ...(settings.cache === undefined ? {} : { cache: settings.cache }),
    ...(settings.speculation === 'off' ? { speculation: 'off' } : {}),
    contextLength: options.contextLength,
    batchTokens: options.batchTokens,
    gpuLayers: options.gpuLayers,
    mainGpu: options.mainGpu,
    mmap: options.mmap,
    threads: options.threads,
  }
}
