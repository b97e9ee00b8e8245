import { join } from 'node:path'
import { z } from 'zod'
import { engineEnvironment } from './engine-environment.ts'
import { Env } from './env.ts'
import { foreignWarning } from './foreign.ts'
import type { Origins } from './origins.ts'
import { HUGGING_FACE_VARIABLES, keyPathIn, PROXY_VARIABLES, type RegistryConfig } from './registry.ts'
import type { RemotesConfig } from './remotes.ts'
import type { Read } from './setting.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** The settings in our own words. Times are milliseconds; Infinity is no limit. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly origins: Origins
  /** Absolute. */
  readonly modelsFolder: string
  readonly keepAliveMs: number
  readonly loadTimeoutMs: number
  /** Tokens; 0 lets the engine choose. */
  readonly contextLength: number
  /** Requests per model; 0 lets the engine choose. */
  readonly parallel: number
  /** 0 lets the engine choose. */
  readonly maxLoadedModels: number
  readonly maxQueue: number
  readonly maxQueuePerModel: number
  readonly maxPerClient: number
  readonly waitTimeoutMs: number
  readonly noPrune: boolean
  /** Which kind of template writes prompts. */
  readonly templates: 'auto' | 'go' | 'jinja'
  /** Text completions go without the chat template. */
  readonly rawCompletions: boolean
  readonly flashAttention: boolean | 'auto'
  readonly kvCacheType: 'auto' | 'f16' | 'q8_0' | 'q4_0'
  /** Bytes. */
  readonly gpuOverheadBytes: number
  readonly spreadsOverGpus: boolean
  /** Where and how weights are put. */
  readonly placement: {
    readonly mlock: boolean
    readonly numa?: 'distribute' | 'isolate' | 'numactl'
    readonly tensorSplit?: readonly number[]
    readonly cpuExpertLayers: number | 'all'
  }
  /** Where states of earlier prompts are kept; absent `ramBytes` lets the engine choose, absent `dir` is no disk. */
  readonly cache: { readonly ramBytes?: number; readonly dir?: string; readonly dirBytes: number }
  /** Whether tokens are computed ahead. */
  readonly speculation: 'auto' | 'off'
  readonly registry: RegistryConfig
  readonly remotes: RemotesConfig
  /** 0 lets the engine choose. */
  readonly threads: number
  /** Absolute; undefined uses the installed package. */
  readonly libraryDir: string | undefined
  /** All that the processes which run models see of the environment. */
  readonly engineEnvironment: Readonly<Record<string, string>>
  readonly logLevel: LogLevel
  readonly logFormat: 'auto' | 'json' | 'pretty'
  readonly emulatedVersion: string
  readonly shutdownTimeoutMs: number
  /** Sentences for the log: variables that were not understood or do nothing. */
  readonly warnings: readonly string[]
}

/** The settings cannot be used; the message lists everything that is wrong with them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads settings once, at the edge. Throws one ConfigError that names every bad variable. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = ownVariables(env)
  const parsed = Env.safeParse(given)
  const issues = [...(parsed.error?.issues ?? []), ...unknownSnugVariables(given)]
  if (!parsed.success || issues.length > 0) {
    throw new ConfigError(`bad configuration\n${z.prettifyError(new z.ZodError(issues))}`)
  }
  const read = parsed.data
  return Object.freeze({
    host: read.OLLAMA_HOST.value.host,
    port: read.OLLAMA_HOST.value.port,
    origins: read.OLLAMA_ORIGINS.value,
    modelsFolder: read.OLLAMA_MODELS.value,
    keepAliveMs: read.OLLAMA_KEEP_ALIVE.value,
    loadTimeoutMs: read.OLLAMA_LOAD_TIMEOUT.value,
    contextLength: read.OLLAMA_CONTEXT_LENGTH.value,
    parallel: read.OLLAMA_NUM_PARALLEL.value,
    maxLoadedModels: read.OLLAMA_MAX_LOADED_MODELS.value,
    maxQueue: read.OLLAMA_MAX_QUEUE.value,
    maxQueuePerModel: read.SNUG_MAX_QUEUE_PER_MODEL.value,
    maxPerClient: read.SNUG_MAX_PER_CLIENT.value,
    waitTimeoutMs: read.SNUG_WAIT_TIMEOUT.value,
    noPrune: read.OLLAMA_NOPRUNE.value,
    templates: read.OLLAMA_GO_TEMPLATE.value,
    rawCompletions: read.SNUG_RAW_COMPLETIONS.value,
    flashAttention: read.OLLAMA_FLASH_ATTENTION.value,
    kvCacheType: needsF16(read) ? 'f16' : read.OLLAMA_KV_CACHE_TYPE.value,
    gpuOverheadBytes: read.OLLAMA_GPU_OVERHEAD.value,
    spreadsOverGpus: read.OLLAMA_SCHED_SPREAD.value,
    placement: Object.freeze(placement(read)),
    cache: Object.freeze({
      ...(read.SNUG_KV_CACHE_RAM.value === undefined ? {} : { ramBytes: read.SNUG_KV_CACHE_RAM.value }),
      ...(read.SNUG_KV_CACHE_DIR.value === undefined ? {} : { dir: read.SNUG_KV_CACHE_DIR.value }),
      dirBytes: read.SNUG_KV_CACHE_SIZE.value,
    }),
    speculation: read.SNUG_SPECULATION.value,
    registry: Object.freeze({
      ...keyPathIn(homeOf(env)),
      proxies: Object.freeze(proxies(read)),
      mirrors: read.SNUG_REGISTRY_MIRRORS.value,
      allowPrivate: read.SNUG_REGISTRY_PRIVATE_REDIRECTS.value,
      huggingFace: Object.freeze(huggingFace(read)),
    }),
    remotes: Object.freeze({ hosts: read.OLLAMA_REMOTES.value, keys: read.SNUG_REMOTE_KEYS.value }),
    threads: read.SNUG_THREADS.value,
    libraryDir: read.SNUG_LIBRARY_DIR.value,
    engineEnvironment: Object.freeze(engineEnvironment(env)),
    logLevel: logLevel(read.OLLAMA_DEBUG.value),
    logFormat: read.SNUG_LOG_FORMAT.value,
    emulatedVersion: read.SNUG_EMULATED_VERSION.value,
    shutdownTimeoutMs: read.SNUG_SHUTDOWN_TIMEOUT.value,
    warnings: Object.freeze([...readWarnings(read), ...cacheWarning(read), ...foreignWarnings(given)]),
  })
}

type Settings = z.output<typeof Env>

/** Quantized caches are read by flash attention alone; without it Ollama goes on with f16 (llm/server.go). */
const needsF16 = (read: Settings): boolean =>
  read.OLLAMA_FLASH_ATTENTION.value === false && read.OLLAMA_KV_CACHE_TYPE.value !== 'f16'

const cacheWarning = (read: Settings): string[] =>
  needsF16(read) && read.OLLAMA_KV_CACHE_TYPE.value !== 'auto'
    ? [
        `OLLAMA_KV_CACHE_TYPE: ${read.OLLAMA_KV_CACHE_TYPE.value} needs flash attention, which is off; using f16`,
      ]
    : []

function placement(read: Settings): Config['placement'] {
  const numa = read.SNUG_NUMA.value
  const tensorSplit = read.SNUG_TENSOR_SPLIT.value
  return {
    mlock: read.SNUG_MLOCK.value,
    ...(numa === 'off' ? {} : { numa }),
    ...(tensorSplit === undefined ? {} : { tensorSplit }),
    cpuExpertLayers: read.SNUG_CPU_EXPERT_LAYERS.value,
  }
}

function proxies(read: Settings): RegistryConfig['proxies'] {
  const http = read.HTTP_PROXY.value
  const https = read.HTTPS_PROXY.value
  const none = read.NO_PROXY.value
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) }
}

function huggingFace(read: Settings): RegistryConfig['huggingFace'] {
  const endpoint = read.HF_ENDPOINT.value
  const token = read.HF_TOKEN.value ?? read.HUGGING_FACE_HUB_TOKEN.value
  return { ...(endpoint && { endpoint }), ...(token && { token }) }
}

const homeOf = (env: Readonly<Record<string, string | undefined>>) => env.HOME || env.USERPROFILE

/** Our variables with spaces and quotes around their values taken off; an empty one counts as not set. */
function ownVariables(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const home = homeOf(env)
  const given: Record<string, string> = home ? { OLLAMA_MODELS: join(home, '.ollama', 'models') } : {}
  for (const [name, text = ''] of Object.entries(env)) {
    const value = text
      .trim()
      .replace(/^["']+|["']+$/g, '')
      .trim()
    if (/^(OLLAMA|SNUG)_/.test(name) && value !== '') given[name] = value
  }
  for (const name of PROXY_VARIABLES) {
    const value = (env[name] || env[name.toLowerCase()] || '').trim()
    if (value !== '') given[name] = value
  }
  for (const name of HUGGING_FACE_VARIABLES) {
    const value = (env[name] ?? '').trim()
    if (value !== '') given[name] = value
  }
  return given
}

/** A misspelt variable of ours would otherwise be a setting that silently does nothing. */
function unknownSnugVariables(given: Record<string, string>): z.core.$ZodIssue[] {
  const known = Object.keys(Env.shape).filter((name) => name.startsWith('SNUG_'))
  return Object.keys(given)
    .filter((name) => name.startsWith('SNUG_') && !known.includes(name))
    .map((name) => ({
      code: 'custom',
      path: [name],
      input: given[name],
      message: `unknown setting; there are ${known.join(', ')}`,
    }))
}

function readWarnings(read: Record<string, Read<unknown>>): string[] {
  return Object.entries(read).flatMap(([name, { warning }]) =>
    warning === undefined ? [] : [`${name}: ${warning}`],
  )
}

function foreignWarnings(given: Record<string, string>): string[] {
  return Object.keys(given)
    .filter((name) => name.startsWith('OLLAMA_') && !(name in Env.shape))
    .flatMap((name) => foreignWarning(name) ?? [])
}

/** As Ollama counts: each step up shows more, each step down less. */
function logLevel(verbosity: number): LogLevel {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
  return levels[Math.min(Math.max(2 - verbosity, 0), levels.length - 1)] ?? 'info'
}
