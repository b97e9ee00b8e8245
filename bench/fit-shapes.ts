/** Models of every kind of memory, large enough for sizes to mean something; their weights are zeros. */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Architecture, recipeModelFrom } from '../engine/fit/architecture.ts'
import { quantizedTensors } from '../engine/fit/recipe.ts'
import { tensorsOf } from '../engine/fit/tensor-list.ts'
import type { FileType } from '../engine/gguf/file-type.ts'
import { array, f32, type GgufTensor, type GgufValue, isTensorType, str, u32 } from '../test/helpers/gguf.ts'
import { architectureMetadata, writeZeros } from '../test/helpers/quantized.ts'
import { vocabularyOf } from '../test/helpers/random-model.ts'

/** A file to be: its metadata but for the vocabulary, and its tensors. */
export interface FitShape {
  name: string
  fileType: FileType
  vocabulary: number
  metadata: Record<string, GgufValue>
  tensors: readonly GgufTensor[]
}

const LLAMA: Architecture = {
  family: 'llama',
  layers: 12,
  embeddingLength: 1024,
  vocabularySize: 32_000,
  heads: 16,
  kvHeads: 4,
  keyLength: 64,
  valueLength: 64,
  feedForwardLength: 2816,
}

const MQA: Architecture = {
  ...LLAMA,
  family: 'qwen2',
  layers: 10,
  vocabularySize: 128_000,
  heads: 8,
  kvHeads: 1,
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: 4096,
  isTied: true,
  hasAttentionBiases: true,
}

const MOE: Architecture = {
  ...LLAMA,
  family: 'qwen3moe',
  layers: 8,
  vocabularySize: 64_000,
  kvHeads: 4,
  keyLength: 128,
  valueLength: 128,
  hasQueryKeyNorms: true,
  experts: { count: 32, used: 8, feedForwardLength: 512 },
}

const LATENT: Architecture = {
  ...LLAMA,
  family: 'deepseek2',
  layers: 8,
  kvHeads: 1,
  keyLength: 576,
  valueLength: 512,
  latent: { queryRank: 512, rank: 512, plainLength: 128, ropeLength: 64, valueLength: 128 },
  experts: { count: 16, used: 4, feedForwardLength: 768, sharedFeedForwardLength: 768, denseLayers: 1 },
}

const GEMMA_2: Architecture = {
  ...LLAMA,
  family: 'gemma2',
  vocabularySize: 96_000,
  heads: 8,
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: 4096,
  isTied: true,
  hasPostAttentionNorm: true,
  hasPostFeedForwardNorm: true,
  window: { length: 2048, period: 2 },
}

const GEMMA_3: Architecture = {
  ...GEMMA_2,
  family: 'gemma3',
  vocabularySize: 131_072,
  hasQueryKeyNorms: true,
  window: { length: 512, period: 6 },
}

const GPT_OSS: Architecture = {
  ...LLAMA,
  family: 'gpt-oss',
  vocabularySize: 100_352,
  kvHeads: 8,
  hasAttentionBiases: true,
  hasAttentionOutputBias: true,
  hasAttentionSinks: true,
  hasPostAttentionNorm: true,
  lacksFeedForwardNorm: true,
  window: { length: 128, period: 2 },
  experts: { count: 16, used: 4, feedForwardLength: 1024, hasBiases: true },
}

const DELTA_NET: Architecture = {
  ...LLAMA,
  family: 'qwen3next',
  layers: 8,
  heads: 8,
  kvHeads: 2,
  keyLength: 256,
  valueLength: 256,
  hasQueryKeyNorms: true,
  hasGatedQueries: true,
  hasPostAttentionNorm: true,
  lacksFeedForwardNorm: true,
  experts: { count: 32, used: 8, feedForwardLength: 512, sharedFeedForwardLength: 512, hasSharedGate: true },
  recurrent: { interval: 4, convolution: 4, stateLength: 128, keyHeads: 8, valueHeads: 16 },
}

function shapeOf(name: string, architecture: Architecture, fileType: FileType): FitShape {
  const tensors = quantizedTensors(recipeModelFrom(architecture), tensorsOf(architecture, 'F16'), fileType)
  return {
    name: `${name} ${fileType}`,
    fileType,
    vocabulary: architecture.vocabularySize,
    metadata: architectureMetadata(architecture),
    tensors: tensors.map(({ name, type, shape }) => {
      if (!isTensorType(type)) throw new Error(`no file is written with ${type}`)
      return { name, type, shape }
    }),
  }
}

const EMBEDDING = 1024
const vector = (name: string, length: number): GgufTensor => ({ name, type: 'F32', shape: [length] })
const kept = (name: string, ...shape: number[]): GgufTensor => ({ name, type: 'F32', shape })
const matrix = (name: string, ...shape: number[]): GgufTensor => ({ name, type: 'Q8_0', shape })
const own = (family: string, values: Record<string, GgufValue>): Record<string, GgufValue> => ({
  'general.architecture': str(family),
  'general.name': str(family),
  ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`${family}.${key}`, value])),
})

const SPACE = { inner: 2048, state: 128, groups: 1, heads: 32, convolution: 4 }
const SPACE_KEYS = {
  'ssm.conv_kernel': u32(SPACE.convolution),
  'ssm.inner_size': u32(SPACE.inner),
  'ssm.state_size': u32(SPACE.state),
  'ssm.time_step_rank': u32(SPACE.heads),
  'ssm.group_count': u32(SPACE.groups),
}

/** The tensors of a Mamba 2 mixer. */
function spaceTensors(layer: number): GgufTensor[] {
  const { inner, state, groups, heads, convolution } = SPACE
  const mixed = inner + 2 * groups * state
  const at = `blk.${layer}.ssm`
  return [
    matrix(`${at}_in.weight`, EMBEDDING, inner + mixed + heads),
    kept(`${at}_conv1d.weight`, convolution, mixed),
    vector(`${at}_conv1d.bias`, mixed),
    vector(`${at}_dt.bias`, heads),
    kept(`${at}_a`, 1, heads),
    kept(`${at}_d`, 1, heads),
    kept(`${at}_norm.weight`, inner / groups, groups),
    matrix(`${at}_out.weight`, inner, EMBEDDING),
  ]
}

const VOCABULARY = 50_304
const embedding = matrix('token_embd.weight', EMBEDDING, VOCABULARY)
const layersOf = (count: number, tensors: (layer: number) => GgufTensor[]): GgufTensor[] =>
  Array.from({ length: count }, (_, layer) => tensors(layer)).flat()
const norm = (name: string) => vector(`${name}.weight`, EMBEDDING)

/** State spaces in every layer and nothing else. */
const MAMBA_2: FitShape = {
  name: 'Mamba 2 Q8_0',
  fileType: 'Q8_0',
  vocabulary: VOCABULARY,
  metadata: own('mamba2', {
    context_length: u32(131_072),
    embedding_length: u32(EMBEDDING),
    block_count: u32(16),
    feed_forward_length: u32(0),
    'attention.head_count': u32(0),
    'attention.layer_norm_rms_epsilon': f32(1e-6),
    ...SPACE_KEYS,
  }),
  tensors: [
    embedding,
    ...layersOf(16, (layer) => [norm(`blk.${layer}.attn_norm`), ...spaceTensors(layer)]),
    norm('output_norm'),
  ],
}

const HEAD = 64
const KV_HEADS = 4
const FEED_FORWARD = 2816
const attention = (layer: number): GgufTensor[] => [
  matrix(`blk.${layer}.attn_q.weight`, EMBEDDING, EMBEDDING),
  matrix(`blk.${layer}.attn_k.weight`, EMBEDDING, KV_HEADS * HEAD),
  matrix(`blk.${layer}.attn_v.weight`, EMBEDDING, KV_HEADS * HEAD),
  matrix(`blk.${layer}.attn_output.weight`, EMBEDDING, EMBEDDING),
]
const feedForward = (layer: number): GgufTensor[] => [
  matrix(`blk.${layer}.ffn_gate.weight`, EMBEDDING, FEED_FORWARD),
  matrix(`blk.${layer}.ffn_up.weight`, EMBEDDING, FEED_FORWARD),
  matrix(`blk.${layer}.ffn_down.weight`, FEED_FORWARD, EMBEDDING),
]
const ATTENTION_KEYS = {
  context_length: u32(131_072),
  embedding_length: u32(EMBEDDING),
  feed_forward_length: u32(FEED_FORWARD),
  'attention.head_count': u32(EMBEDDING / HEAD),
  'attention.layer_norm_rms_epsilon': f32(1e-6),
  'rope.freq_base': f32(10_000),
  'rope.dimension_count': u32(HEAD),
}

/** Attention and a state space side by side in every layer. */
const FALCON_H1: FitShape = {
  name: 'Falcon-H1 Q8_0',
  fileType: 'Q8_0',
  vocabulary: VOCABULARY,
  metadata: own('falcon-h1', {
    ...ATTENTION_KEYS,
    ...SPACE_KEYS,
    block_count: u32(8),
    'attention.head_count_kv': u32(KV_HEADS),
  }),
  tensors: [
    embedding,
    ...layersOf(8, (layer) => [
      norm(`blk.${layer}.attn_norm`),
      ...attention(layer),
      ...spaceTensors(layer),
      // Without the usual ending, as the library looks for it (llama.cpp src/models/falcon-h1.cpp).
      vector(`blk.${layer}.ffn_norm`, EMBEDDING),
      ...feedForward(layer),
    ]),
    norm('output_norm'),
  ],
}

const LFM_LAYERS = 12
const attends = (layer: number) => layer % 3 === 2
/** Short convolutions in most layers, attention in every third. */
const LFM_2: FitShape = {
  name: 'LFM2 Q8_0',
  fileType: 'Q8_0',
  vocabulary: VOCABULARY,
  metadata: own('lfm2', {
    ...ATTENTION_KEYS,
    block_count: u32(LFM_LAYERS),
    'attention.head_count_kv': array(
      'int32',
      Array.from({ length: LFM_LAYERS }, (_, layer) => (attends(layer) ? KV_HEADS : 0)),
    ),
    'shortconv.l_cache': u32(3),
  }),
  tensors: [
    embedding,
    ...layersOf(LFM_LAYERS, (layer) => [
      norm(`blk.${layer}.attn_norm`),
      ...(attends(layer)
        ? [
            ...attention(layer),
            vector(`blk.${layer}.attn_q_norm.weight`, HEAD),
            vector(`blk.${layer}.attn_k_norm.weight`, HEAD),
          ]
        : [
            kept(`blk.${layer}.shortconv.conv.weight`, 3, EMBEDDING),
            matrix(`blk.${layer}.shortconv.in_proj.weight`, EMBEDDING, 3 * EMBEDDING),
            matrix(`blk.${layer}.shortconv.out_proj.weight`, EMBEDDING, EMBEDDING),
          ]),
      norm(`blk.${layer}.ffn_norm`),
      ...feedForward(layer),
    ]),
    norm('token_embd_norm'),
  ],
}

export const FIT_SHAPES: readonly FitShape[] = [
  shapeOf('Llama GQA', LLAMA, 'F16'),
  shapeOf('Llama GQA', LLAMA, 'Q4_K_M'),
  shapeOf('Qwen2 MQA', MQA, 'Q8_0'),
  shapeOf('Qwen3 MoE', MOE, 'Q4_K_M'),
  shapeOf('DeepSeek MLA', LATENT, 'Q8_0'),
  shapeOf('Gemma 2', GEMMA_2, 'Q8_0'),
  shapeOf('Gemma 3', GEMMA_3, 'Q4_0'),
  shapeOf('gpt-oss', GPT_OSS, 'Q8_0'),
  shapeOf('Qwen3-Next', DELTA_NET, 'Q8_0'),
  MAMBA_2,
  FALCON_H1,
  LFM_2,
]

const folder = fileURLToPath(new URL('.cache/fit', import.meta.url))

/** The file of a shape, written at the first call; its zeros take no room on the disk. */
export async function fitModel(shape: FitShape): Promise<string> {
  const path = join(folder, `${shape.name.toLowerCase().replaceAll(' ', '-')}.gguf`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const part = `${path}.part`
  const metadata = { ...shape.metadata, ...vocabularyOf(shape.vocabulary) }
  await writeZeros(part, { metadata, tensors: shape.tensors })
  renameSync(part, path)
  return path
}
