import { count } from '../gguf/facts.ts'
import type { OwnValue } from './hyperparameters.ts'

/** Families without any attention, and one that has both in every layer (llama.cpp src/models). */
const RECURRENT_THROUGHOUT = new Set(['mamba', 'mamba2', 'rwkv6', 'rwkv6qwen2', 'rwkv7', 'arwkv7'])
const BOTH_THROUGHOUT = new Set(['falcon-h1'])
/** Families with attention in every n-th layer, though their files give all layers KV heads. */
const BY_INTERVAL = new Set(['qwen3next', 'qwen35', 'qwen35moe'])
const DEFAULT_INTERVAL = 4
/** Families in which a layer without KV heads may be a feed-forward network and nothing else. */
const WITH_BARE_NETWORKS = new Set(['nemotron_h', 'nemotron_h_moe'])
/** Two rows a layer shift tokens in RWKV unless the file says otherwise. */
const TOKEN_SHIFTS = 2

interface LayerKind {
  isRecurrent: boolean
  hasAttention: boolean
}

/** Whether a layer of a model with attention in every `interval`-th layer is one of the others. */
export const isRecurrentInInterval = (layer: number, interval: number): boolean =>
  interval === 0 || (layer + 1) % interval !== 0

/** The kind of every layer. Layers without KV heads are recurrent where no other rule is known. */
export function layersWithRecurrence(
  architecture: string,
  own: OwnValue,
  { kvHeads, feedForwardLengths }: { kvHeads: readonly number[]; feedForwardLengths: readonly number[] },
): LayerKind[] {
  const interval = count(own('full_attention_interval')) ?? DEFAULT_INTERVAL
  return kvHeads.map((heads, layer) => {
    if (BOTH_THROUGHOUT.has(architecture)) return { isRecurrent: true, hasAttention: true }
    if (WITH_BARE_NETWORKS.has(architecture)) {
      return { isRecurrent: heads === 0 && !feedForwardLengths[layer], hasAttention: heads > 0 }
    }
    const isRecurrent = BY_INTERVAL.has(architecture)
      ? isRecurrentInInterval(layer, interval)
      : RECURRENT_THROUGHOUT.has(architecture) || heads === 0
    return { isRecurrent, hasAttention: !isRecurrent }
  })
}

/**
 * Values of a recurrent layer's state, of all its parts, for one sequence (n_embd_r and n_embd_s in llama.cpp
 * src/llama-hparams.cpp); 0 for models without.
 */
export function recurrentValues(own: OwnValue, embeddingLength: number): number {
  const headSize = count(own('wkv.head_size')) ?? 0
  if (headSize > 0) {
    return embeddingLength * ((count(own('token_shift_count')) ?? TOKEN_SHIFTS) + headSize)
  }
  const shortConvolution = count(own('shortconv.l_cache')) ?? 0
  if (shortConvolution > 0) return embeddingLength * (shortConvolution - 1)
  return stateSpaceValues({
    convolution: count(own('ssm.conv_kernel')) ?? 0,
    inner: count(own('ssm.inner_size')) ?? 0,
    state: count(own('ssm.state_size')) ?? 0,
    groups: count(own('ssm.group_count')) ?? 0,
  })
}

/** Values of the state of a Mamba or gated delta net layer: those of the convolution and those of the space. */
export const stateSpaceValues = (sizes: {
  convolution: number
  inner: number
  state: number
  groups: number
}): number =>
  Math.max(0, sizes.convolution - 1) * (sizes.inner + 2 * sizes.groups * sizes.state) +
  sizes.state * sizes.inner
