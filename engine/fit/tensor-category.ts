/** What a tensor is for, as far as recipes tell tensors apart. */
export type TensorCategory =
  | 'output'
  | 'token-embedding'
  | 'attention-value'
  | 'attention-key'
  | 'attention-query'
  | 'attention-output'
  | 'feed-forward-up'
  | 'feed-forward-gate'
  | 'feed-forward-down'
  | 'other'

/** The first that occurs in the name decides. Fused matrices that hold values count as values. */
const PARTS: readonly (readonly [part: string, TensorCategory])[] = [
  ['attn_qkv.weight', 'attention-value'],
  ['attn_kv_b.weight', 'attention-value'],
  ['attn_v.weight', 'attention-value'],
  ['attn_k.weight', 'attention-key'],
  ['attn_q.weight', 'attention-query'],
  ['attn_output.weight', 'attention-output'],
  ['ffn_up', 'feed-forward-up'],
  ['ffn_gate', 'feed-forward-gate'],
  ['ffn_down', 'feed-forward-down'],
]

/** The category of a tensor by its name (tensor_get_category in llama.cpp src/llama-quant.cpp). */
export function tensorCategory(name: string): TensorCategory {
  if (name === 'output.weight') return 'output'
  if (isTokenEmbedding(name)) return 'token-embedding'
  return PARTS.find(([part]) => name.includes(part))?.[1] ?? 'other'
}

/** Whether the tensor is a table that tokens are looked up in. */
export const isTokenEmbedding = (name: string): boolean =>
  name === 'token_embd.weight' || name === 'per_layer_token_embd.weight'

/** The number in `blk.12.attn_q.weight`; undefined for tensors outside the layers. */
export function layerOf(name: string): number | undefined {
  const digits = /^blk\.(\d+)\./.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Small or delicate: routers, convolutions, state and position tables. */
const KEPT_NAMES = ['position_embd.weight', 'token_types.weight']
const KEPT_PARTS = [
  '_norm.weight',
  'ffn_gate_inp.weight',
  'ffn_gate_tid2eid.weight',
  'altup',
  'laurel',
  'per_layer_model_proj',
  'ssm_conv1d',
  'shortconv.conv.weight',
  'indexer.k_proj.weight',
  'indexer.q_proj.weight',
  'time_mix_first.weight',
  'time_mix_w0.weight',
  'time_mix_w1.weight',
  'time_mix_w2.weight',
  'time_mix_v0.weight',
  'time_mix_v1.weight',
  'time_mix_v2.weight',
  'time_mix_a0.weight',
  'time_mix_a1.weight',
  'time_mix_a2.weight',
  'time_mix_g1.weight',
  'time_mix_g2.weight',
  'time_mix_decay_w1.weight',
  'time_mix_decay_w2.weight',
  'time_mix_lerp_fused.weight',
  'attn_rel_b.weight',
  '.position_embd',
  'sam.pos_embd',
  'sam.neck.',
  'sam.net_',
  '.rel_pos',
  '.patch_embd',
  '.patch_merger',
  'a.rvq.codebook',
  'mm.a.code_embd',
]

/**
 * Whether a recipe may change the tensor's type; all others keep what the source has (tensor_allows_quantization in
 * llama.cpp src/llama-quant.cpp).
 */
export const isQuantizable = ({ name, shape }: { name: string; shape: readonly number[] }): boolean =>
  dimensionsOf(shape) >= 2 &&
  name.endsWith('weight') &&
  !KEPT_NAMES.includes(name) &&
  !KEPT_PARTS.some((part) => name.includes(part))

/** Dimensions without the trailing ones of length 1, at least one (ggml_n_dims in ggml/src/ggml.c). */
export function dimensionsOf(shape: readonly number[]): number {
  return Math.max(1, shape.findLastIndex((length) => length > 1) + 1)
}
