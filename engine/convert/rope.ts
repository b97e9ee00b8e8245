import { z } from 'zod'
import type { Architecture } from './architecture.ts'
import { maybe } from './json-file.ts'
import { quoted, refused } from './refuse.ts'

/** How positions beyond the first training are squeezed in. Lengths are tokens. */
export type RopeScaling =
  | { type: 'linear'; factor: number }
  | { type: 'yarn'; factor: number; originalContext: number; betaFast?: number; betaSlow?: number }
  | { type: 'llama3'; factor: number; originalContext: number; lowFactor: number; highFactor: number }

export interface Rope {
  base: number
  /** Of layers that attend to a window. */
  windowBase?: number
  scaling?: RopeScaling
}

const positive = z.number().positive().finite()
const Parameters = z.object({
  rope_type: maybe(z.string()),
  /** The older name of `rope_type`. */
  type: maybe(z.string()),
  rope_theta: maybe(positive),
  factor: maybe(positive),
  original_max_position_embeddings: maybe(positive),
  low_freq_factor: maybe(positive),
  high_freq_factor: maybe(positive),
  beta_fast: maybe(positive),
  beta_slow: maybe(positive),
  attention_factor: maybe(z.number()),
  mscale: maybe(z.number()),
  mscale_all_dim: maybe(z.number()),
  truncate: maybe(z.boolean()),
  partial_rotary_factor: maybe(z.number()),
  mrope_section: maybe(z.unknown()),
})
type Parameters = z.infer<typeof Parameters>
const ByLayer = z.object({ full_attention: Parameters, sliding_attention: Parameters })

/** The fields of config.json about positions; transformers 5 puts all of them under `rope_parameters`. */
export const RopeFields = z.object({
  rope_theta: maybe(positive),
  rope_local_base_freq: maybe(positive),
  rope_scaling: maybe(Parameters),
  rope_parameters: maybe(z.union([ByLayer, Parameters])),
  partial_rotary_factor: maybe(z.number()),
  max_position_embeddings: z
    .number()
    .int()
    .positive()
    .max(2 ** 31),
})
export type RopeFields = z.infer<typeof RopeFields>

/** What transformers takes where config.json of a model with a window names no base for it. */
const WINDOW_BASE = 10_000

/** How the model knows positions. Throws EngineError `convert_failed` for a way that llama.cpp does not compute. */
export function ropeOf(fields: RopeFields, { name, ropeBase, ropeScalings }: Architecture): Rope {
  const given = fields.rope_parameters ?? fields.rope_scaling ?? Parameters.parse({})
  const [all, window] = 'full_attention' in given ? [given.full_attention, given.sliding_attention] : [given]
  if ((all.partial_rotary_factor ?? fields.partial_rotary_factor ?? 1) !== 1) {
    throw refused('partial_rotary_factor is set, which llama.cpp does not compute for this architecture')
  }
  if (all.mrope_section !== undefined)
    throw refused('positions in several dimensions (mrope) cannot be converted')
  const scaling = scalingOf(all, fields.max_position_embeddings)
  if (scaling !== undefined && !ropeScalings.includes(scaling.type)) {
    throw refused(`rope scaling of type ${quoted(scaling.type)} cannot be converted for ${name}`)
  }
  if (window !== undefined && scalingOf(window, 1) !== undefined) {
    throw refused('rope scaling of layers with a sliding window cannot be converted')
  }
  const windowBase = window?.rope_theta ?? fields.rope_local_base_freq ?? WINDOW_BASE
  return {
    base: all.rope_theta ?? fields.rope_theta ?? ropeBase,
    ...(name === 'gemma3' ? { windowBase } : {}),
    ...(scaling === undefined ? {} : { scaling }),
  }
}

function scalingOf(given: Parameters, contextLength: number): RopeScaling | undefined {
  const type = given.rope_type ?? given.type ?? 'default'
  const need = (
    key: 'factor' | 'low_freq_factor' | 'high_freq_factor' | 'original_max_position_embeddings',
  ) => {
    const value = given[key]
    if (value === undefined) throw refused(`config.json: rope scaling of type ${quoted(type)} lacks ${key}`)
    return value
  }
  switch (type) {
    case 'default':
      return undefined
    case 'linear':
      return { type, factor: need('factor') }
    case 'yarn': {
      const factor = need('factor')
      refuseOtherYarn(given, factor)
      return {
        type,
        factor,
        originalContext: given.original_max_position_embeddings ?? contextLength,
        ...(given.beta_fast === undefined ? {} : { betaFast: given.beta_fast }),
        ...(given.beta_slow === undefined ? {} : { betaSlow: given.beta_slow }),
      }
    }
    case 'llama3':
      return {
        type,
        factor: need('factor'),
        originalContext: need('original_max_position_embeddings'),
        lowFactor: need('low_freq_factor'),
        highFactor: need('high_freq_factor'),
      }
    default:
      throw refused(`rope scaling of type ${quoted(type)} cannot be converted`)
  }
}

/** llama.cpp derives YaRN's factor on attention by itself, as transformers does where config.json is silent. */
function refuseOtherYarn(given: Parameters, factor: number): void {
  const derived = 0.1 * Math.log(factor) + 1
  const attention = given.attention_factor ?? derived
  if (Math.abs(attention - derived) > 1e-3)
    throw refused('YaRN with an attention_factor of its own cannot be converted')
  if (given.mscale !== undefined || given.mscale_all_dim !== undefined) {
    throw refused('YaRN with mscale cannot be converted')
  }
  if (given.truncate === false) throw refused('YaRN without truncation cannot be converted')
}

/**
 * What llama.cpp divides the frequency of each pair of a head by, for the scaling of Llama 3 (transformers
 * modeling_rope_utils.py, `_compute_llama3_parameters`).
 */
export function llama3Factors(
  { factor, originalContext, lowFactor, highFactor }: Extract<RopeScaling, { type: 'llama3' }>,
  { base, headLength }: { base: number; headLength: number },
): Float32Array {
  return Float32Array.from({ length: headLength / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * base ** ((2 * pair) / headLength)
    if (wavelength < originalContext / highFactor) return 1
    if (wavelength > originalContext / lowFactor) return factor
    const smooth = (originalContext / wavelength - lowFactor) / (highFactor - lowFactor)
    return 1 / ((1 - smooth) / factor + smooth)
  })
}
