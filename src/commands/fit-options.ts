import type { Wishes } from '../../engine/fit/candidates.ts'

/** What `snug fit` was asked for. */
export interface FitCommand {
  model: string
  devices: string | undefined
  ram: string | undefined
  wishes: Wishes
  isExact: boolean
  showsReasons: boolean
  asJson: boolean
}

export const FIT_OPTIONS = {
  device: { type: 'string', multiple: true },
  ram: { type: 'string' },
  ctx: { type: 'string' },
  parallel: { type: 'string' },
  kv: { type: 'string' },
  'gpu-layers': { type: 'string' },
  quantization: { type: 'string' },
  'allow-disk': { type: 'boolean' },
  exact: { type: 'boolean' },
  why: { type: 'boolean' },
} as const

export const FIT_OPTION_NAMES = Object.keys(FIT_OPTIONS) as (keyof typeof FIT_OPTIONS)[]

export interface FitValues {
  device?: string[]
  ram?: string
  ctx?: string
  parallel?: string
  kv?: string
  'gpu-layers'?: string
  quantization?: string
  'allow-disk'?: boolean
  exact?: boolean
  why?: boolean
  json?: boolean
}

/** Cache types that models are loaded with here (OLLAMA_KV_CACHE_TYPE). */
const CACHE_TYPES = ['f16', 'q8_0', 'q4_0'] as const
/** Beyond what any model or cache has. */
const MOST_TOKENS = 2 ** 24
const MOST_SEQUENCES = 1024
const MOST_LAYERS = 65_536

/** The options as wishes. Throws Error with a sentence for the person who typed them. */
export function fitCommandOf(model: string, values: FitValues): FitCommand {
  return {
    model,
    devices: values.device?.join(' + '),
    ram: values.ram,
    wishes: {
      offer: values.quantization,
      contextLength: count(values.ctx, '--ctx', 1, MOST_TOKENS),
      sequences: count(values.parallel, '--parallel', 1, MOST_SEQUENCES),
      cacheType: cacheTypeOf(values.kv),
      gpuLayers: count(values['gpu-layers'], '--gpu-layers', 0, MOST_LAYERS),
      allowsDisk: values['allow-disk'],
    },
    isExact: values.exact === true,
    showsReasons: values.why === true,
    asJson: values.json === true,
  }
}

function count(text: string | undefined, option: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Error(`${option} takes a number from ${least} to ${most}, not "${text}"`)
}

function cacheTypeOf(text: string | undefined) {
  if (text === undefined) return undefined
  const known = CACHE_TYPES.find((type) => type === text.toLowerCase())
  if (known !== undefined) return known
  throw new Error(`--kv takes ${CACHE_TYPES.join(', ')}, not "${text}"`)
}
