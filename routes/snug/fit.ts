import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { CacheType } from '../../engine/fit/cache.ts'
import type { Wishes } from '../../engine/fit/candidates.ts'
import type { Advise } from '../../engine/planning/advise.ts'
import { flag, integer, text } from '../ollama/fields.ts'
import { clientGone } from '../wire/client-gone.ts'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'
import { toReply } from './fit-reply.ts'

/** Those that models are loaded with here (OLLAMA_KV_CACHE_TYPE). */
const CACHE_TYPES = ['f16', 'q8_0', 'q4_0'] as const satisfies readonly CacheType[]
/** More kinds of devices than any machine has; each may come with a count. */
const MOST_DEVICES = 64
const TOO_MANY = `devices may have at most ${MOST_DEVICES} items`
/** Beyond what any model or cache has. */
const MOST_TOKENS = 2 ** 24
const MOST_SEQUENCES = 1024

export const FitRequest = z
  .object({
    model: text().describe(
      "Name of an installed model, a name of Ollama's library, `hf.co/user/repository`, or the address of a GGUF file",
    ),
    devices: maybe(
      z.union([z.string(), z.array(z.string()).max(MOST_DEVICES, TOO_MANY)], 'string or []string'),
    ).describe('GPUs to imagine instead of those that are there, such as `2x RTX 3090`; `none` for none'),
    ram: maybe(z.union([z.string(), z.int('int')], 'string or int')).describe(
      'Main memory to imagine, such as `64 GB`; a number counts GiB',
    ),
    num_ctx: integer().describe('Context to plan for, in tokens; chosen when left out'),
    num_parallel: integer().describe('Sequences at a time, each with a context of its own; 1 when left out'),
    kv_cache_type: text().describe('Type of the cache, such as `f16` or `q8_0`; chosen when left out'),
    num_gpu: integer().describe(
      'Layers on GPUs, the output counted as one; chosen when left out or negative',
    ),
    quantization: text().describe('Quantization to plan for, such as `Q4_K_M`; chosen when left out'),
    allow_disk: flag().describe('Weights without room in memory may be read from disk for every token'),
    exact_sizes: flag().describe("Ask Ollama's registry how large its files are, instead of computing it"),
  })
  .meta({ id: 'SnugFitRequest', title: 'FitRequest' })
export type FitRequest = z.output<typeof FitRequest>

/** Answers POST /api/fit: whether a model fits, how it would be loaded, and why. */
export async function adviseOnFit(advise: Advise, body: FitRequest, reply: FastifyReply) {
  if (body.model === '') throw new RequestError(400, 'model is required')
  const { devices, ram } = body
  if (devices?.length === 0) throw new RequestError(400, 'devices must name a device, or be "none"')
  const question = {
    text: body.model,
    isExact: body.exact_sizes,
    devices: typeof devices === 'object' ? devices.join(' + ') : devices,
    ram: ram === undefined ? undefined : String(ram),
    wishes: toWishes(body),
  }
  return toReply(await advise(question, clientGone(reply)))
}

function toWishes(body: FitRequest): Wishes {
  const { num_gpu: gpuLayers } = body
  return {
    offer: body.quantization === '' ? undefined : body.quantization,
    contextLength: within(body.num_ctx, 'num_ctx', MOST_TOKENS),
    sequences: within(body.num_parallel, 'num_parallel', MOST_SEQUENCES),
    cacheType: toCacheType(body.kv_cache_type),
    gpuLayers: gpuLayers === undefined || gpuLayers < 0 ? undefined : gpuLayers,
    allowsDisk: body.allow_disk,
  }
}

/** A count from 1 on; undefined when nothing was said. Throws RequestError. */
function within(value: number | undefined, name: string, most: number): number | undefined {
  if (value === undefined || (value >= 1 && value <= most)) return value
  throw new RequestError(400, `${name} must be from 1 to ${most}, not ${value}`)
}

function toCacheType(wanted: string): CacheType | undefined {
  if (wanted === '') return undefined
  const known = CACHE_TYPES.find((type) => type === wanted.toLowerCase())
  if (known !== undefined) return known
  throw new RequestError(400, `kv_cache_type must be one of ${CACHE_TYPES.join(', ')}, not ${wanted}`)
}
