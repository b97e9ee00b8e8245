import { resolve } from 'node:path'
import { z } from 'zod'
import { parseHost } from './host.ts'
import { parseOrigins } from './origins.ts'
import { parseEndpoint, parseMirrors, parseProxy, parseToken } from './registry.ts'
import { parseRemoteKeys, parseRemotes } from './remotes.ts'
import {
  lenient,
  parseBool,
  parseBytes,
  parseDuration,
  parseUnsigned,
  setting,
  strict,
  word,
} from './setting.ts'

/** Every variable the server reads, by its real name. Descriptions become the table in README.md. */
export const Env = z.object({
  OLLAMA_HOST: setting('127.0.0.1:11434', (text) => {
    const { warning, ...value } = parseHost(text)
    return warning === undefined ? { value } : { value, warning }
  }).describe(
    'Address to listen on: `[http://]host[:port]`. `0.0.0.0` or `:11434` opens it to the network; port 0 takes a free one',
  ),
  OLLAMA_MODELS: z
    .string({ error: 'set OLLAMA_MODELS, or HOME for the default ~/.ollama/models' })
    .transform((folder) => ({ value: resolve(folder) }))
    .meta({ default: '~/.ollama/models' })
    .describe('Folder of models, in the layout of Ollama; both can use the same one'),
  OLLAMA_ORIGINS: strict('', parseOrigins).describe(
    'Web pages, besides those on this machine, that may use the server: origins between commas, each with at most one `*`; `*` alone allows all',
  ),
  OLLAMA_KEEP_ALIVE: lenient('5m', (text) => orForever(parseDuration(text), (ms) => ms < 0)).describe(
    'How long a model stays in memory after its last request: a duration such as `90s` or `1h30m`, or seconds; negative keeps it, 0 lets it go at once',
  ),
  OLLAMA_LOAD_TIMEOUT: lenient('5m', (text) => orForever(parseDuration(text), (ms) => ms <= 0)).describe(
    'How long loading a model may stand still, or a host of `OLLAMA_REMOTES` say nothing, before it is given up; 0 waits forever',
  ),
  OLLAMA_CONTEXT_LENGTH: lenient('0', parseUnsigned).describe(
    'Context length, in tokens, where neither the request nor the model names one; 0 chooses by memory',
  ),
  OLLAMA_NUM_PARALLEL: lenient('1', parseUnsigned).describe(
    'Requests one model serves at the same time; 0 chooses 1 to 4 by free memory',
  ),
  OLLAMA_MAX_LOADED_MODELS: lenient('0', parseUnsigned).describe(
    'Models in memory at the same time; 0 means 3 for each GPU, or 3 without one',
  ),
  OLLAMA_MAX_QUEUE: lenient('512', parseUnsigned).describe(
    'Requests that may wait, all models together; more are refused with status 503',
  ),
  SNUG_MAX_QUEUE_PER_MODEL: lenient('0', parseUnsigned).describe(
    'Of the requests that may wait, how many for one model; 0 is no limit of its own',
  ),
  SNUG_MAX_PER_CLIENT: lenient('0', parseUnsigned).describe(
    'Requests one client may have waiting and at work; more are refused with status 429; 0 is no limit',
  ),
  SNUG_WAIT_TIMEOUT: lenient('1h', (text) => orForever(parseDuration(text), (ms) => ms <= 0)).describe(
    'How long a request waits while the queue of its model stands still; 0 waits forever',
  ),
  OLLAMA_NOPRUNE: strict('false', (text) => parseBool(text) ?? true).describe(
    'Keep files that no model uses any more',
  ),
  OLLAMA_GO_TEMPLATE: strict('auto', (text) =>
    text === 'auto' ? text : (parseBool(text) ?? true) ? 'go' : 'jinja',
  ).describe(
    'Which template of a model that has two writes its prompts: `true` the one in Go syntax, `false` the Jinja one in the weights, `auto` the one that can do more',
  ),
  OLLAMA_FLASH_ATTENTION: strict('auto', (text) =>
    text === 'auto' ? text : (parseBool(text) ?? true),
  ).describe('Flash attention: `auto`, `true` or `false`'),
  OLLAMA_KV_CACHE_TYPE: strict('auto', word(['auto', 'f16', 'q8_0', 'q4_0'])).describe(
    'Precision of the attention cache: `f16`, `q8_0` or `q4_0`; smaller types need flash attention. `auto` is `f16`, or `q8_0` where that makes room for a longer context',
  ),
  OLLAMA_GPU_OVERHEAD: lenient('0', parseUnsigned).describe('Bytes of memory to leave free on each GPU'),
  OLLAMA_SCHED_SPREAD: strict('false', (text) => parseBool(text) ?? true).describe(
    'Spread every model over all GPUs, also where fewer are enough',
  ),
  OLLAMA_DEBUG: lenient('0', parseVerbosity).describe(
    'Detail of the log: 1 or `true` debug, 2 trace, -1 warnings only, -2 errors only',
  ),
  SNUG_LOG_FORMAT: strict('auto', word(['auto', 'json', 'pretty'])).describe(
    'Log as `json` or `pretty`; `auto` is pretty on a terminal',
  ),
  SNUG_EMULATED_VERSION: strict('0.33.0', parseVersion).describe(
    'Version of Ollama that clients are told; some of them refuse old ones',
  ),
  SNUG_RAW_COMPLETIONS: strict('false', parseFlag).describe(
    'Give prompts of `/v1/completions` to models as they are, as OpenAI does, not in the chat template, as Ollama does; a request decides for itself with `raw`',
  ),
  SNUG_THREADS: strict('0', parseThreads).describe('Compute threads of a model; 0 chooses by the machine'),
  SNUG_MLOCK: strict('false', parseFlag).describe(
    'Keep weights from being swapped out, where the system allows it',
  ),
  SNUG_NUMA: strict('off', word(['off', 'distribute', 'isolate', 'numactl'])).describe(
    'On machines with several memory nodes: `distribute` over all, `isolate` to the one Snug starts on, or as `numactl` was told',
  ),
  SNUG_TENSOR_SPLIT: strict('', parseProportions).describe(
    'Proportions of a model on each GPU, such as `3,1`; empty goes by their free memory',
  ),
  SNUG_CPU_EXPERT_LAYERS: strict('0', parseLayers).describe(
    'Layers, from the first, whose experts stay in main memory (mixture-of-experts models): a number or `all`',
  ),
  SNUG_KV_CACHE_RAM: strict('auto', (text) => (text === 'auto' ? undefined : parseSize(text))).describe(
    'Memory in which each loaded model keeps what it has computed for earlier prompts: bytes, or a size such as `512MiB`; `auto` is 5 % of the memory, at most 1 GiB; 0 keeps nothing',
  ),
  SNUG_KV_CACHE_DIR: strict('', (text) => (text === '' ? undefined : resolve(text))).describe(
    'Folder in which the same is kept on disk, so that long prompts start fast after a restart; it then holds what prompts say',
  ),
  SNUG_KV_CACHE_SIZE: strict('10GiB', parseSize).describe(
    'What may lie in that folder: bytes, or a size such as `10GiB`',
  ),
  SNUG_SPECULATION: strict('auto', word(['auto', 'off'])).describe(
    'Where a text repeats itself or its prompt, compute tokens ahead: the same answers, sooner. `auto` does it where it pays, `off` never',
  ),
  SNUG_LIBRARY_DIR: strict('', (text) => (text === '' ? undefined : resolve(text))).describe(
    'Folder with the shared libraries of llama.cpp to use instead of the installed package',
  ),
  OLLAMA_REMOTES: strict('ollama.com', parseRemotes).describe(
    'Hosts that may run models for this server, between commas and without ports; `ollama.com` is refused all the same',
  ),
  SNUG_REMOTE_KEYS: strict('', parseRemoteKeys).describe(
    'Keys of such hosts: pairs such as `http://gpu:8000=KEY`, between commas; a key is shown to that address alone',
  ),
  SNUG_REGISTRY_MIRRORS: strict('', parseMirrors).describe(
    'Where to go instead of a registry that models are named after: pairs such as `registry.ollama.ai=https://mirror.example`, between commas',
  ),
  SNUG_REGISTRY_PRIVATE_REDIRECTS: strict('false', parseFlag).describe(
    'Let registries on the internet redirect downloads to addresses of the local network',
  ),
  HF_TOKEN: strict('', parseToken).describe(
    'Token for private and gated models of Hugging Face; shown to `hf.co` and `huggingface.co` alone',
  ),
  HUGGING_FACE_HUB_TOKEN: strict('', parseToken).describe('Older name of `HF_TOKEN`'),
  HF_ENDPOINT: strict('', parseEndpoint).describe(
    'Where to go instead of Hugging Face, such as `https://mirror.example`; it does not get the token unless it is on this machine',
  ),
  HTTPS_PROXY: strict('', parseProxy).describe(
    'Web proxy for registries and the hosts of `OLLAMA_REMOTES`, as a URL; also in lower case',
  ),
  HTTP_PROXY: strict('', parseProxy).describe('The same for those that are spoken to without encryption'),
  NO_PROXY: strict('', (text) => text || undefined).describe(
    'Hosts that are reached without a web proxy, between commas; `*` is all',
  ),
  SNUG_SHUTDOWN_TIMEOUT: strict('10s', parseDeadline).describe(
    'How long running answers get to end after SIGTERM or Ctrl+C: a duration or seconds',
  ),
})

function orForever(ms: number | undefined, isForever: (ms: number) => boolean): number | undefined {
  return ms !== undefined && isForever(ms) ? Number.POSITIVE_INFINITY : ms
}

/** How many levels more than usual to log. */
function parseVerbosity(text: string): number | undefined {
  const flag = parseBool(text)
  if (flag !== undefined) return Number(flag)
  return /^[-+]?\d+$/.test(text) ? Number(text) : undefined
}

function parseVersion(text: string): string {
  if (!/^\d+\.\d+\.\d+$/.test(text)) throw new Error(`"${text}" is not a version such as 0.33.0`)
  return text
}

function parseSize(text: string): number {
  const bytes = parseBytes(text)
  if (bytes === undefined) throw new Error(`"${text}" is not a size such as 512MiB or 10GiB`)
  return bytes
}

function parseThreads(text: string): number {
  const threads = parseUnsigned(text)
  if (threads === undefined || threads > 1024) throw new Error(`"${text}" is not a number from 0 to 1024`)
  return threads
}

function parseFlag(text: string): boolean {
  const flag = parseBool(text)
  if (flag === undefined) throw new Error(`"${text}" is not true or false`)
  return flag
}

/** llama.cpp knows no more GPUs (LLAMA_MAX_DEVICES). */
const MOST_GPUS = 16

function parseProportions(text: string): readonly number[] | undefined {
  if (text === '') return undefined
  const shares = text
    .split(',')
    .map((share) => (/^\s*\d+(\.\d+)?\s*$/.test(share) ? Number(share) : Number.NaN))
  if (
    shares.length <= MOST_GPUS &&
    shares.every((share) => share >= 0) &&
    shares.some((share) => share > 0)
  ) {
    return shares
  }
  throw new Error(`"${text}" is not up to ${MOST_GPUS} numbers between commas, such as 3,1`)
}

/** More than any model has. */
const MOST_LAYERS = 4096

function parseLayers(text: string): number | 'all' {
  if (text === 'all') return text
  const layers = parseUnsigned(text)
  if (layers !== undefined && layers <= MOST_LAYERS) return layers
  throw new Error(`"${text}" is not all or a number from 0 to ${MOST_LAYERS}`)
}

/** Timers cannot wait longer than 24 days, and nobody waits a day for a server to stop. */
const LONGEST_DEADLINE_MS = 24 * 3_600_000

function parseDeadline(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0 && ms <= LONGEST_DEADLINE_MS) return ms
  throw new Error(`"${text}" is not a duration above 0 and up to 24h, such as 10s`)
}
