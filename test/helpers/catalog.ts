/** A catalog of models with what llama.cpp says of them, which is not part of this repository. */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Architecture } from '../../engine/fit/architecture.ts'

const FOLDER = new URL('../../../shared/spec/catalog/', import.meta.url)

const Flag = z.boolean().default(false)
const CatalogArchitecture = z.strictObject({
  n_layer: z.number(),
  n_embd: z.number(),
  n_vocab: z.number(),
  n_head: z.number(),
  n_head_kv: z.number(),
  head_dim_k: z.number(),
  head_dim_v: z.number(),
  n_ff: z.number(),
  rope_freqs: z.number().default(0),
  rope_factors: z.number().default(0),
  tied: Flag,
  fused_qkv: Flag,
  fused_gate_up: Flag,
  qkv_bias: Flag,
  o_bias: Flag,
  attn_sinks: Flag,
  qk_norm: Flag,
  gated_q: Flag,
  extra_norms: z.array(z.string()).optional(),
  ffn_norm: Flag,
  swa: z.looseObject({ window: z.number(), pattern: z.number() }).optional(),
  moe: z
    .strictObject({
      n_expert: z.number(),
      n_used: z.number(),
      ff_exp: z.number(),
      n_shared: z.number().optional(),
      ff_shexp: z.number().default(0),
      shexp_gate: Flag,
      dense_lead: z.number().default(0),
      step: z.number().default(1),
      exp_bias: Flag,
      probs_b: Flag,
      exp_type: z.string().optional(),
    })
    .optional(),
  mla: z
    .looseObject({
      q_lora: z.number(),
      kv_lora: z.number(),
      nope: z.number(),
      rope: z.number(),
      v: z.number(),
    })
    .optional(),
  recurrent: z
    .strictObject({
      full_attention_interval: z.number(),
      conv: z.number(),
      state: z.number(),
      k_heads: z.number(),
      v_heads: z.number(),
    })
    .optional(),
})
type CatalogArchitecture = z.infer<typeof CatalogArchitecture>

const Published = z.object({
  quant: z.string(),
  value: z.number(),
  unit: z.enum(['bits/weight', 'GB', 'GiB', 'MB', 'MiB']),
  source: z.string(),
  imatrix: z.boolean().optional(),
  /** The size does not follow from the name, or is no file's size. */
  dynamic: Flag,
  approximate: Flag,
  tensorLayout: z.literal('legacy').optional(),
})
export type Published = z.infer<typeof Published>

const Models = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      ggufArch: z.string(),
      params: z.number(),
      arch: CatalogArchitecture,
      published: z.array(Published).default([]),
    }),
  ),
})
export type CatalogModel = z.infer<typeof Models>['models'][number]

const n = z.number()
const Vectors = z.object({
  /** Bytes of all tensors without an importance matrix, and with one where that differs. */
  weights: z.record(z.string(), z.record(z.string(), z.array(n).min(1).max(2))),
  memory: z.object({
    /** Model, context, flash attention, tokens a step; then MiB: weights, cache, compute; on the host: weights, compute. */
    rows: z.array(z.tuple([z.string(), n, z.enum(['on', 'off']), n, n, n, n, n, n])),
  }),
})

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))

/** The catalog; undefined, said aloud, where it is not at hand. */
export function readCatalog(): { models: CatalogModel[]; vectors: z.infer<typeof Vectors> } | undefined {
  if (!existsSync(FOLDER)) {
    process.stderr.write(`skipped: there is no catalog of models in ${FOLDER.pathname}\n`)
    return undefined
  }
  return { models: Models.parse(read('models.json')).models, vectors: Vectors.parse(read('vectors.json')) }
}

/** The catalog's words in ours. `legacy` files keep latent keys and values decompressed. */
export function architectureOf({ ggufArch, arch }: CatalogModel, isLegacy = false): Architecture {
  const { mla, recurrent, swa } = arch
  return {
    family: ggufArch,
    layers: arch.n_layer,
    embeddingLength: arch.n_embd,
    vocabularySize: arch.n_vocab,
    heads: arch.n_head,
    kvHeads: isLegacy ? arch.n_head : arch.n_head_kv,
    keyLength: isLegacy && mla ? mla.nope + mla.rope : arch.head_dim_k,
    valueLength: isLegacy && mla ? mla.v : arch.head_dim_v,
    feedForwardLength: arch.n_ff,
    isTied: arch.tied,
    hasFusedAttention: arch.fused_qkv,
    hasFusedFeedForward: arch.fused_gate_up,
    hasAttentionBiases: arch.qkv_bias,
    hasAttentionOutputBias: arch.o_bias,
    hasAttentionSinks: arch.attn_sinks,
    hasQueryKeyNorms: arch.qk_norm,
    hasGatedQueries: arch.gated_q,
    hasPostAttentionNorm: arch.extra_norms?.includes('post_attention_norm') ?? false,
    hasPostFeedForwardNorm: arch.extra_norms?.includes('post_ffw_norm') ?? false,
    lacksFeedForwardNorm: arch.extra_norms !== undefined && !arch.ffn_norm,
    ropeFrequencies: arch.rope_freqs,
    ropeFactors: arch.rope_factors,
    ...expertsOf(arch),
    ...(swa && { window: { length: swa.window, period: swa.pattern } }),
    ...(mla && {
      latent: {
        queryRank: mla.q_lora,
        rank: mla.kv_lora,
        plainLength: mla.nope,
        ropeLength: mla.rope,
        valueLength: mla.v,
        isFused: isLegacy,
      },
    }),
    ...(recurrent && {
      recurrent: {
        interval: recurrent.full_attention_interval,
        convolution: recurrent.conv,
        stateLength: recurrent.state,
        keyHeads: recurrent.k_heads,
        valueHeads: recurrent.v_heads,
      },
    }),
  }
}

const expertsOf = ({ moe }: CatalogArchitecture): Pick<Architecture, 'experts'> =>
  moe === undefined
    ? {}
    : {
        experts: {
          count: moe.n_expert,
          used: moe.n_used,
          feedForwardLength: moe.ff_exp,
          sharedFeedForwardLength: moe.ff_shexp,
          hasSharedGate: moe.shexp_gate,
          denseLayers: moe.dense_lead,
          step: moe.step,
          hasBiases: moe.exp_bias,
          hasSelectionBias: moe.probs_b,
        },
      }
