import type { ModelConfig } from './config.ts'
import { quoted, refused } from './refuse.ts'
import type { SourceTensor } from './weights.ts'

/** A tensor to write, and how it comes from one of the source. */
export interface TensorPlan {
  name: string
  from: SourceTensor
  /** Rows of so many heads change from halves to neighbours, as llama.cpp rotates them; 0 leaves them. */
  interleavedHeads: number
  /** Added to every value. */
  offset: 0 | 1
}

/** Names in both formats, the shape the source's must have, and what is to change. */
interface Wanted {
  source: string
  target: string
  shape: number[]
  interleavedHeads?: number
  isNorm?: boolean
}

/** Types of matrices that stay as they are. */
export const FLOAT_TYPES: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16'])
/** Computed anew by every implementation; older files carry them. */
const COMPUTED = /\.rotary_emb\.inv_freq$/

/**
 * Says where every tensor of the GGUF file comes from. Throws EngineError `convert_failed` for one that is missing, of
 * another shape or type than config.json asks for, and for tensors that nothing would read.
 */
export function planTensors(config: ModelConfig, source: ReadonlyMap<string, SourceTensor>): TensorPlan[] {
  const rest = new Set(source.keys())
  const plans = wantedTensors(config).map((wanted) => {
    rest.delete(wanted.source)
    return planOf(wanted, config, source.get(wanted.source))
  })
  if (config.tiedEmbeddings) rest.delete('lm_head.weight')
  const unread = [...rest].find((name) => !COMPUTED.test(name))
  if (unread !== undefined) {
    throw refused(
      `the tensor ${quoted(unread)} has no place in ${config.architecture.name} as config.json describes it`,
    )
  }
  return plans
}

function planOf(wanted: Wanted, { architecture }: ModelConfig, from: SourceTensor | undefined): TensorPlan {
  if (from === undefined) throw refused(`the tensor ${quoted(wanted.source)} is missing`)
  if (!FLOAT_TYPES.has(from.dtype)) {
    throw refused(
      `the tensor ${quoted(from.name)} is of type ${from.dtype}; only F32, F16 and BF16 can be converted`,
    )
  }
  if (from.shape.length !== wanted.shape.length || from.shape.some((n, i) => n !== wanted.shape[i])) {
    throw refused(
      `the tensor ${quoted(from.name)} has the shape [${from.shape}], config.json asks for [${wanted.shape}]`,
    )
  }
  return {
    name: wanted.target,
    from,
    interleavedHeads: architecture.interleavesRope ? (wanted.interleavedHeads ?? 0) : 0,
    offset: wanted.isNorm === true ? architecture.normOffset : 0,
  }
}

function wantedTensors(config: ModelConfig): Wanted[] {
  const { width, vocabulary, tiedEmbeddings } = config
  const head = { source: 'lm_head.weight', target: 'output.weight', shape: [vocabulary, width] }
  return [
    { source: 'model.embed_tokens.weight', target: 'token_embd.weight', shape: [vocabulary, width] },
    ...Array.from({ length: config.layers }, (_, layer) => layerOf(config, layer)).flat(),
    { source: 'model.norm.weight', target: 'output_norm.weight', shape: [width], isNorm: true },
    ...(tiedEmbeddings ? [] : [head]),
  ]
}

function layerOf(config: ModelConfig, layer: number): Wanted[] {
  return [...normsOf(config), ...attentionOf(config), ...feedForwardOf(config)].map((wanted) => ({
    ...wanted,
    source: `model.layers.${layer}.${wanted.source}`,
    target: `blk.${layer}.${wanted.target}`,
  }))
}

function normsOf({ architecture, width, headLength }: ModelConfig): Wanted[] {
  const norm = (source: string, target: string, length = width): Wanted => ({
    source: `${source}.weight`,
    target: `${target}.weight`,
    shape: [length],
    isNorm: true,
  })
  const heads = [
    norm('self_attn.q_norm', 'attn_q_norm', headLength),
    norm('self_attn.k_norm', 'attn_k_norm', headLength),
  ]
  // With norms behind attention as well, the one before the feed-forward network has another name.
  const around = architecture.normsOutputs
    ? [
        norm('post_attention_layernorm', 'post_attention_norm'),
        norm('pre_feedforward_layernorm', 'ffn_norm'),
        norm('post_feedforward_layernorm', 'post_ffw_norm'),
      ]
    : [norm('post_attention_layernorm', 'ffn_norm')]
  return [norm('input_layernorm', 'attn_norm'), ...(architecture.normsHeads ? heads : []), ...around]
}

function attentionOf({ width, heads, kvHeads, headLength, attentionBias }: ModelConfig): Wanted[] {
  const queries = heads * headLength
  const keys = kvHeads * headLength
  const inBias = attentionBias !== 'none'
  return [
    ...linear('self_attn.q_proj', 'attn_q', [queries, width], { bias: inBias, interleavedHeads: heads }),
    ...linear('self_attn.k_proj', 'attn_k', [keys, width], { bias: inBias, interleavedHeads: kvHeads }),
    ...linear('self_attn.v_proj', 'attn_v', [keys, width], { bias: inBias }),
    ...linear('self_attn.o_proj', 'attn_output', [width, queries], { bias: attentionBias === 'qkvo' }),
  ]
}

function feedForwardOf({ width, feedForward, feedForwardBias: bias }: ModelConfig): Wanted[] {
  return [
    ...linear('mlp.gate_proj', 'ffn_gate', [feedForward, width], { bias }),
    ...linear('mlp.up_proj', 'ffn_up', [feedForward, width], { bias }),
    ...linear('mlp.down_proj', 'ffn_down', [width, feedForward], { bias }),
  ]
}

/** A matrix of shape [out, in] and the bias it may have. */
function linear(
  source: string,
  target: string,
  [out, from]: [number, number],
  { bias, interleavedHeads }: { bias: boolean; interleavedHeads?: number },
): Wanted[] {
  const heads = interleavedHeads === undefined ? {} : { interleavedHeads }
  const weight = { source: `${source}.weight`, target: `${target}.weight`, shape: [out, from], ...heads }
  return bias
    ? [weight, { source: `${source}.bias`, target: `${target}.bias`, shape: [out], ...heads }]
    : [weight]
}
