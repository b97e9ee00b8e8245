import type { RopeOverrides } from '../backend.ts'
import { type ContextParams, ROPE_SCALING } from './layout.ts'

/** Fields of llama_context_params for overridden positions; what is absent keeps the library's default. */
export function ropeParams(rope: RopeOverrides): Partial<ContextParams> {
  const fields: Partial<Record<keyof ContextParams, number | undefined>> = {
    rope_scaling_type: rope.scaling === undefined ? undefined : ROPE_SCALING[rope.scaling],
    rope_freq_base: rope.frequencyBase,
    rope_freq_scale: rope.frequencyScale,
    yarn_ext_factor: rope.yarnExtFactor,
    yarn_attn_factor: rope.yarnAttnFactor,
    yarn_beta_fast: rope.yarnBetaFast,
    yarn_beta_slow: rope.yarnBetaSlow,
    yarn_orig_ctx: rope.yarnOriginalContext,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
