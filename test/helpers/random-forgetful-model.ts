/** Random models that cannot go back to an earlier token: with sliding-window layers, and with recurrent ones. */
import { array, type GgufTensor, type GgufValue, str, u32 } from './gguf.ts'
import { type ModelShape, metadataOf, SHAPE_SMALL, tensorsOf, writeRandomTensors } from './random-model.ts'

/** Tokens that the sliding-window layers see. */
export const WINDOW = 64

/** Gemma 2: layers take turns in seeing WINDOW tokens and all of them. */
export async function writeWindowModel(path: string, shape: ModelShape = SHAPE_SMALL): Promise<void> {
  const norms = Array.from({ length: shape.layers }, (_, i) => [
    norm(shape, `blk.${i}.post_attention_norm.weight`),
    norm(shape, `blk.${i}.post_ffw_norm.weight`),
  ])
  const head = shape.embedding / shape.heads
  await writeRandomTensors(path, shape, {
    tensors: [...tensorsOf(shape), ...norms.flat()],
    metadata: renamed('gemma2', {
      ...metadataOf(shape),
      'llama.attention.sliding_window': u32(WINDOW),
      'llama.attention.key_length': u32(head),
      'llama.attention.value_length': u32(head),
    }),
  })
}

/** LFM2: a short convolution, whose state is all it keeps, in every layer but the last, which attends. */
export async function writeHybridModel(path: string, shape: ModelShape = SHAPE_SMALL): Promise<void> {
  const { embedding, layers } = shape
  const last = layers - 1
  const isKept = ({ name }: GgufTensor) => name.startsWith(`blk.${last}.`) || !/attn_[qkvo]/.test(name)
  const convolutions = Array.from({ length: last }, (_, i): GgufTensor[] => [
    { name: `blk.${i}.shortconv.conv.weight`, type: 'F32', shape: [3, embedding] },
    { name: `blk.${i}.shortconv.in_proj.weight`, type: 'Q8_0', shape: [embedding, 3 * embedding] },
    { name: `blk.${i}.shortconv.out_proj.weight`, type: 'Q8_0', shape: [embedding, embedding] },
  ])
  const headNorm = (name: string): GgufTensor => ({ name, type: 'F32', shape: [embedding / shape.heads] })
  const tensors = tensorsOf(shape)
    .filter(isKept)
    .map((tensor) => (tensor.name === 'output_norm.weight' ? norm(shape, 'token_embd_norm.weight') : tensor))
  const kvHeads = Array.from({ length: layers }, (_, i) => (i === last ? shape.kvHeads : 0))
  await writeRandomTensors(path, shape, {
    tensors: [
      ...tensors,
      ...convolutions.flat(),
      headNorm(`blk.${last}.attn_q_norm.weight`),
      headNorm(`blk.${last}.attn_k_norm.weight`),
    ],
    metadata: renamed('lfm2', {
      ...metadataOf(shape),
      'llama.attention.head_count_kv': array('int32', kvHeads),
      'llama.shortconv.l_cache': u32(3),
    }),
  })
}

const norm = ({ embedding }: ModelShape, name: string): GgufTensor => ({
  name,
  type: 'F32',
  shape: [embedding],
})

function renamed(architecture: string, metadata: Record<string, GgufValue>): Record<string, GgufValue> {
  const entries = Object.entries(metadata).map(([key, value]): [string, GgufValue] => [
    key.replace(/^llama\./, `${architecture}.`),
    value,
  ])
  return { ...Object.fromEntries(entries), 'general.architecture': str(architecture) }
}
