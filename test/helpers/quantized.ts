/** Files of architectures that exist only as arithmetic, for llama.cpp to quantize. */
import { truncate, writeFile } from 'node:fs/promises'
import { type Architecture, deltaNetWidths } from '../../engine/fit/architecture.ts'
import { tensorsOf } from '../../engine/fit/tensor-list.ts'
import { f32, type GgufTensor, type GgufValue, str, tensorBytes, u32, writeGguf } from './gguf.ts'

/**
 * Writes a file of the architecture with matrices in F16, all weights 0. Tokens are not needed to quantize: only the
 * tensors' rows speak of the vocabulary.
 */
export async function writeArchitecture(path: string, architecture: Architecture): Promise<void> {
  const tensors = tensorsOf(architecture, 'F16').map(
    ({ name, type, shape }): GgufTensor => ({ name, type: type === 'F32' ? 'F32' : 'F16', shape }),
  )
  await writeZeros(path, { metadata: architectureMetadata(architecture), tensors })
}

/** Writes a file whose weights are all 0 and take no room on the disk. */
export async function writeZeros(
  path: string,
  file: { metadata: Record<string, GgufValue>; tensors: readonly GgufTensor[] },
): Promise<void> {
  const header = writeGguf({ ...file, headerOnly: true })
  const data = file.tensors.reduce((sum, tensor) => sum + padded(tensorBytes(tensor)), 0)
  await writeFile(path, header)
  await truncate(path, padded(header.length) + data)
}

const padded = (bytes: number) => Math.ceil(bytes / 32) * 32

/** What llama.cpp insists on reading of a model of the architecture, but for a vocabulary. */
export function architectureMetadata(architecture: Architecture): Record<string, GgufValue> {
  const { family, experts, latent, recurrent, window } = architecture
  const own: Record<string, number | undefined> = {
    context_length: 131_072,
    embedding_length: architecture.embeddingLength,
    block_count: architecture.layers,
    feed_forward_length: architecture.feedForwardLength,
    vocab_size: architecture.vocabularySize,
    'attention.head_count': architecture.heads,
    'attention.head_count_kv': architecture.kvHeads,
    'attention.key_length': architecture.keyLength,
    'attention.value_length': architecture.valueLength,
    'rope.dimension_count': latent?.ropeLength ?? architecture.keyLength,
    'attention.sliding_window': window?.length,
    expert_count: experts?.count,
    expert_used_count: experts?.used,
    expert_feed_forward_length: experts?.feedForwardLength,
    expert_shared_feed_forward_length: experts?.sharedFeedForwardLength,
    leading_dense_block_count: experts?.denseLayers,
    expert_shared_count: latent && 1,
    'attention.q_lora_rank': latent?.queryRank,
    'attention.kv_lora_rank': latent?.rank,
    'attention.key_length_mla': latent && latent.plainLength + latent.ropeLength,
    'attention.value_length_mla': latent?.valueLength,
    'ssm.conv_kernel': recurrent?.convolution,
    'ssm.state_size': recurrent?.stateLength,
    'ssm.group_count': recurrent?.keyHeads,
    'ssm.time_step_rank': recurrent?.valueHeads,
    'ssm.inner_size': recurrent && deltaNetWidths(recurrent).values,
    full_attention_interval: recurrent?.interval,
  }
  const numbers = Object.entries(own).flatMap(([key, value]) =>
    value === undefined ? [] : [[`${family}.${key}`, u32(value)] as const],
  )
  return {
    'general.architecture': str(family),
    'general.name': str('rows of an odd length'),
    ...Object.fromEntries(numbers),
    [`${family}.attention.layer_norm_rms_epsilon`]: f32(1e-6),
    [`${family}.attention.layer_norm_epsilon`]: f32(1e-6),
    [`${family}.expert_weights_scale`]: f32(1),
  }
}
