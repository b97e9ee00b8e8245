import { type Architecture, deltaNetWidths, hasExperts, isRecurrent } from './architecture.ts'
import type { WeightTensor } from './recipe.ts'

/**
 * The tensors that a file of this architecture holds, with matrices in `type`. Names and shapes are those of
 * llama.cpp (src/llama-arch.cpp, src/models); what it keeps in single precision is F32.
 */
export function tensorsOf(architecture: Architecture, type: 'F16' | 'BF16' | 'F32' = 'BF16'): WeightTensor[] {
  const { layers, embeddingLength, vocabularySize, ropeFrequencies, ropeFactors } = architecture
  const parts = builders(type)
  const { matrix, vector } = parts
  return [
    matrix('token_embd', [embeddingLength, vocabularySize]),
    vector('output_norm.weight', embeddingLength),
    ...when(!architecture.isTied, matrix('output', [embeddingLength, vocabularySize])),
    ...when(ropeFrequencies, vector('rope_freqs.weight', ropeFrequencies ?? 0)),
    ...when(ropeFactors, vector('rope_factors_long.weight', ropeFactors ?? 0)),
    ...when(ropeFactors, vector('rope_factors_short.weight', ropeFactors ?? 0)),
    ...Array.from({ length: layers }, (_, layer) =>
      layerTensors(architecture, layer, parts).map((tensor) => ({
        ...tensor,
        name: `blk.${layer}.${tensor.name}`,
      })),
    ).flat(),
  ]
}

const when = (holds: unknown, ...tensors: WeightTensor[]): WeightTensor[] => (holds ? tensors : [])

const builders = (type: string) => ({
  matrix: (name: string, shape: number[]): WeightTensor => ({ name: `${name}.weight`, type, shape }),
  /** Kept in single precision whatever the matrices are. */
  kept: (name: string, shape: number[]): WeightTensor => ({ name, type: 'F32', shape }),
  vector: (name: string, length: number): WeightTensor => ({ name, type: 'F32', shape: [length] }),
})
type Builders = ReturnType<typeof builders>

function layerTensors(architecture: Architecture, layer: number, parts: Builders): WeightTensor[] {
  const { embeddingLength } = architecture
  const norm = (name: string) => parts.vector(`${name}.weight`, embeddingLength)
  return [
    norm('attn_norm'),
    ...when(!architecture.lacksFeedForwardNorm, norm('ffn_norm')),
    ...when(architecture.hasPostAttentionNorm, norm('post_attention_norm')),
    ...when(architecture.hasPostFeedForwardNorm, norm('post_ffw_norm')),
    ...mixer(architecture, layer, parts),
    ...(hasExperts(architecture, layer)
      ? expertTensors(architecture, parts)
      : denseTensors(architecture, parts)),
  ]
}

/** What carries information from token to token. */
function mixer(architecture: Architecture, layer: number, parts: Builders): WeightTensor[] {
  if (isRecurrent(architecture, layer)) return deltaNetTensors(architecture, parts)
  return architecture.latent === undefined
    ? attentionTensors(architecture, parts)
    : latentTensors(architecture, parts)
}

function attentionTensors(architecture: Architecture, { matrix, vector }: Builders): WeightTensor[] {
  const { embeddingLength, heads, kvHeads, keyLength, valueLength } = architecture
  const queries = heads * keyLength * (architecture.hasGatedQueries ? 2 : 1)
  const keys = kvHeads * keyLength
  const values = kvHeads * valueLength
  const split = [
    matrix('attn_q', [embeddingLength, queries]),
    matrix('attn_k', [embeddingLength, keys]),
    matrix('attn_v', [embeddingLength, values]),
  ]
  return [
    ...(architecture.hasFusedAttention
      ? [matrix('attn_qkv', [embeddingLength, queries + keys + values])]
      : split),
    matrix('attn_output', [heads * valueLength, embeddingLength]),
    ...when(
      architecture.hasAttentionBiases,
      vector('attn_q.bias', queries),
      vector('attn_k.bias', keys),
      vector('attn_v.bias', values),
    ),
    ...when(architecture.hasAttentionOutputBias, vector('attn_output.bias', embeddingLength)),
    ...when(architecture.hasAttentionSinks, vector('attn_sinks.weight', heads)),
    ...when(
      architecture.hasQueryKeyNorms,
      vector('attn_q_norm.weight', keyLength),
      vector('attn_k_norm.weight', keyLength),
    ),
  ]
}

function latentTensors(architecture: Architecture, { matrix, vector }: Builders): WeightTensor[] {
  const { embeddingLength, heads, latent } = architecture
  if (latent === undefined) return []
  const { queryRank, rank, plainLength, ropeLength, valueLength } = latent
  const queries = heads * (plainLength + ropeLength)
  return [
    ...(queryRank === 0
      ? [matrix('attn_q', [embeddingLength, queries])]
      : [
          matrix('attn_q_a', [embeddingLength, queryRank]),
          vector('attn_q_a_norm.weight', queryRank),
          matrix('attn_q_b', [queryRank, queries]),
        ]),
    matrix('attn_kv_a_mqa', [embeddingLength, rank + ropeLength]),
    vector('attn_kv_a_norm.weight', rank),
    ...(latent.isFused
      ? [matrix('attn_kv_b', [rank, heads * (plainLength + valueLength)])]
      : [matrix('attn_k_b', [plainLength, rank, heads]), matrix('attn_v_b', [rank, valueLength, heads])]),
    matrix('attn_output', [heads * valueLength, embeddingLength]),
  ]
}

function deltaNetTensors(architecture: Architecture, { matrix, kept, vector }: Builders): WeightTensor[] {
  const { embeddingLength, recurrent } = architecture
  if (recurrent === undefined) return []
  const { keys, values } = deltaNetWidths(recurrent)
  const { valueHeads, stateLength, convolution } = recurrent
  const mixed = 2 * keys + values
  return [
    matrix('attn_qkv', [embeddingLength, mixed]),
    matrix('attn_gate', [embeddingLength, values]),
    kept('ssm_conv1d.weight', [convolution, mixed]),
    vector('ssm_dt.bias', valueHeads),
    vector('ssm_a', valueHeads),
    matrix('ssm_ba', [embeddingLength, 2 * valueHeads]),
    vector('ssm_norm.weight', stateLength),
    matrix('ssm_out', [values, embeddingLength]),
  ]
}

function denseTensors(architecture: Architecture, { matrix }: Builders): WeightTensor[] {
  const { embeddingLength, feedForwardLength: width, hasFusedFeedForward } = architecture
  return [
    ...when(!hasFusedFeedForward, matrix('ffn_gate', [embeddingLength, width])),
    matrix('ffn_up', [embeddingLength, hasFusedFeedForward ? 2 * width : width]),
    matrix('ffn_down', [width, embeddingLength]),
  ]
}

function expertTensors(architecture: Architecture, { matrix, kept, vector }: Builders): WeightTensor[] {
  const { embeddingLength, experts } = architecture
  if (experts === undefined) return []
  const { count, feedForwardLength: width, sharedFeedForwardLength: shared = 0 } = experts
  return [
    kept('ffn_gate_inp.weight', [embeddingLength, count]),
    matrix('ffn_gate_exps', [embeddingLength, width, count]),
    matrix('ffn_up_exps', [embeddingLength, width, count]),
    matrix('ffn_down_exps', [width, embeddingLength, count]),
    ...when(
      experts.hasBiases,
      vector('ffn_gate_inp.bias', count),
      kept('ffn_gate_exps.bias', [width, count]),
      kept('ffn_up_exps.bias', [width, count]),
      kept('ffn_down_exps.bias', [embeddingLength, count]),
    ),
    ...when(experts.hasSelectionBias, vector('exp_probs_b.bias', count)),
    ...when(
      shared > 0,
      matrix('ffn_gate_shexp', [embeddingLength, shared]),
      matrix('ffn_up_shexp', [embeddingLength, shared]),
      matrix('ffn_down_shexp', [shared, embeddingLength]),
    ),
    ...when(experts.hasSharedGate, vector('ffn_gate_inp_shexp.weight', embeddingLength)),
  ]
}
