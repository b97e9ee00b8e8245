import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { array, bool, f32, type GgufTensor, type GgufValue, str, u32, writeGguf } from './gguf.ts'
import { bytesFrom, dataOf } from './random-weights.ts'

/** The shape of a model with tied embeddings; every dimension a multiple of 32. */
export interface ModelShape {
  name: string
  /** `llama` unless said; `qwen2` adds biases to queries, keys and values. */
  architecture?: 'llama' | 'qwen2'
  /** 10,000 unless said. */
  ropeBase?: number
  embedding: number
  layers: number
  heads: number
  kvHeads: number
  feedForward: number
  vocabulary: number
  contextLength: number
  /** Makes it a mixture of experts: how many there are a layer, and how many of them answer to a token. */
  experts?: { count: number; used: number }
}

/** Small enough to load in no time; says something endlessly. */
export const SHAPE_SMALL: ModelShape = {
  name: 'random-small',
  embedding: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  feedForward: 128,
  vocabulary: 512,
  contextLength: 4096,
}

/** About 0.1 billion parameters: large enough that arithmetic, not plumbing, takes the time. */
export const SHAPE_100M: ModelShape = {
  name: 'random-100m',
  embedding: 768,
  layers: 12,
  heads: 12,
  kvHeads: 4,
  feedForward: 2048,
  vocabulary: 16_384,
  contextLength: 4096,
}

/** About 30 million parameters in rows that every type of weights can hold: takes a while to quantize. */
export const SHAPE_30M: ModelShape = {
  name: 'random-30m',
  embedding: 512,
  layers: 12,
  heads: 8,
  kvHeads: 4,
  feedForward: 1024,
  vocabulary: 4096,
  contextLength: 4096,
}

/** The type of a model's matrices. */
type WeightType = 'Q8_0' | 'F16'

const CONTROL = 3
const BYTE = 6
const NORMAL = 1
const UNKNOWN = 2
const SPECIAL_TOKENS = 3
const BLOCK = 32

/** What a random model is to be beside its shape. */
export interface RandomModelOptions {
  /** Type of the matrices; Q8_0 when absent. */
  weights?: WeightType
  /** Laid over the metadata. */
  extra?: Record<string, GgufValue>
}

/** Writes a GGUF with random weights and a made-up vocabulary. The same arguments give the same bytes. */
export async function writeRandomModel(
  path: string,
  shape: ModelShape,
  { weights = 'Q8_0', extra = {} }: RandomModelOptions = {},
): Promise<void> {
  const metadata = { ...metadataOf(shape, weights), ...extra }
  await writeRandomTensors(path, shape, { tensors: tensorsOf(shape, weights), metadata })
}

/** The same for a model whose tensors and metadata are not those of the llama architecture. */
export async function writeRandomTensors(
  path: string,
  shape: ModelShape,
  { tensors, metadata }: { tensors: readonly GgufTensor[]; metadata: Record<string, GgufValue> },
): Promise<void> {
  const out = createWriteStream(path)
  const write = async (bytes: Uint8Array) => {
    if (!out.write(bytes)) await once(out, 'drain')
  }
  const header = writeGguf({ metadata, tensors, headerOnly: true })
  await write(header)
  await write(new Uint8Array((BLOCK - (header.length % BLOCK)) % BLOCK))
  const random = bytesFrom(shape.name)
  for (const tensor of tensors) {
    const bytes = dataOf(tensor, random, SPECIAL_TOKENS + 256)
    await write(bytes)
    await write(new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK))
  }
  out.end()
  await once(out, 'close')
}

/** The tensors of the shape's architecture. */
export function tensorsOf(shape: ModelShape, type: WeightType = 'Q8_0'): GgufTensor[] {
  const { embedding, feedForward, vocabulary } = shape
  const kv = (embedding / shape.heads) * shape.kvHeads
  const matrix = (name: string, from: number, to: number): GgufTensor => ({
    name,
    type,
    shape: [from, to],
  })
  const vector = (name: string, length: number): GgufTensor => ({ name, type: 'F32', shape: [length] })
  const norm = (name: string) => vector(name, embedding)
  const biases = (i: number) => [
    vector(`blk.${i}.attn_q.bias`, embedding),
    vector(`blk.${i}.attn_k.bias`, kv),
    vector(`blk.${i}.attn_v.bias`, kv),
  ]
  const block = (i: number) => [
    norm(`blk.${i}.attn_norm.weight`),
    ...(shape.architecture === 'qwen2' ? biases(i) : []),
    matrix(`blk.${i}.attn_q.weight`, embedding, embedding),
    matrix(`blk.${i}.attn_k.weight`, embedding, kv),
    matrix(`blk.${i}.attn_v.weight`, embedding, kv),
    matrix(`blk.${i}.attn_output.weight`, embedding, embedding),
    norm(`blk.${i}.ffn_norm.weight`),
    ...feedForwardOf(i),
  ]
  const feedForwardOf = (i: number): GgufTensor[] => {
    const dense = [
      matrix(`blk.${i}.ffn_gate.weight`, embedding, feedForward),
      matrix(`blk.${i}.ffn_up.weight`, embedding, feedForward),
      matrix(`blk.${i}.ffn_down.weight`, feedForward, embedding),
    ]
    const count = shape.experts?.count
    if (count === undefined) return dense
    const experts = dense.map(({ name, type, shape: one }) => ({
      name: name.replace('.weight', '_exps.weight'),
      type,
      shape: [...one, count],
    }))
    return [{ name: `blk.${i}.ffn_gate_inp.weight`, type: 'F32', shape: [embedding, count] }, ...experts]
  }
  return [
    matrix('token_embd.weight', embedding, vocabulary),
    ...Array.from({ length: shape.layers }, (_, i) => block(i)).flat(),
    norm('output_norm.weight'),
  ]
}

/** What a GGUF of the shape's architecture says of itself. */
export function metadataOf(shape: ModelShape, weights: WeightType = 'Q8_0'): Record<string, GgufValue> {
  const { architecture = 'llama' } = shape
  return {
    'general.architecture': str(architecture),
    'general.name': str(shape.name),
    'general.file_type': u32(weights === 'F16' ? 1 : 7),
    [`${architecture}.context_length`]: u32(shape.contextLength),
    [`${architecture}.embedding_length`]: u32(shape.embedding),
    [`${architecture}.block_count`]: u32(shape.layers),
    [`${architecture}.feed_forward_length`]: u32(shape.feedForward),
    [`${architecture}.attention.head_count`]: u32(shape.heads),
    [`${architecture}.attention.head_count_kv`]: u32(shape.kvHeads),
    [`${architecture}.attention.layer_norm_rms_epsilon`]: f32(1e-6),
    [`${architecture}.rope.freq_base`]: f32(shape.ropeBase ?? 10_000),
    [`${architecture}.rope.dimension_count`]: u32(shape.embedding / shape.heads),
    ...(shape.experts === undefined
      ? {}
      : {
          [`${architecture}.expert_count`]: u32(shape.experts.count),
          [`${architecture}.expert_used_count`]: u32(shape.experts.used),
        }),
    ...vocabularyOf(shape.vocabulary),
  }
}

/** A made-up vocabulary of so many tokens, in the words of a GGUF. */
export function vocabularyOf(size: number): Record<string, GgufValue> {
  const tokens = Array.from({ length: size }, (_, id) => tokenText(id))
  const types = tokens.map((_, id) => {
    if (id === 0) return UNKNOWN
    if (id < SPECIAL_TOKENS) return CONTROL
    return id < SPECIAL_TOKENS + 256 ? BYTE : NORMAL
  })
  return {
    'tokenizer.ggml.model': str('llama'),
    'tokenizer.ggml.tokens': array('string', tokens),
    'tokenizer.ggml.scores': array(
      'float32',
      tokens.map((_, id) => -id),
    ),
    'tokenizer.ggml.token_type': array('int32', types),
    'tokenizer.ggml.bos_token_id': u32(1),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.unknown_token_id': u32(0),
    'tokenizer.ggml.add_bos_token': bool(true),
  }
}

function tokenText(id: number): string {
  if (id < SPECIAL_TOKENS) return ['<unk>', '<s>', '</s>'][id] ?? ''
  const byte = id - SPECIAL_TOKENS
  if (byte < 256) return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
  return byte === 256 ? '▁' : `▁w${id}`
}
