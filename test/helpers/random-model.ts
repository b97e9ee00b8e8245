import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import {
  array,
  bool,
  f32,
  type GgufTensor,
  type GgufValue,
  str,
  tensorBytes,
  u32,
  writeGguf,
} from './gguf.ts'

/** The shape of a llama-architecture model; every dimension a multiple of 32. */
export interface ModelShape {
  name: string
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
/** The sign bit of a half-precision number. */
const HALF_SIGN = 0x8000
/** Standard deviation of the uniform integers -127…127. */
const INT8_DEVIATION = 73.3

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
  const random = generator(1)
  for (const tensor of tensors) {
    const bytes = dataOf(tensor, shape, random)
    await write(bytes)
    await write(new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK))
  }
  out.end()
  await once(out, 'close')
}

function dataOf(tensor: GgufTensor, shape: ModelShape, random: () => number): Uint8Array {
  if (tensor.type === 'F32') return ones(tensor)
  return tensor.type === 'F16' ? randomHalves(tensor, random) : randomBlocks(tensor, shape, random)
}

/** The tensors of the llama architecture. */
export function tensorsOf(shape: ModelShape, type: WeightType = 'Q8_0'): GgufTensor[] {
  const { embedding, feedForward, vocabulary } = shape
  const kv = (embedding / shape.heads) * shape.kvHeads
  const matrix = (name: string, from: number, to: number): GgufTensor => ({
    name,
    type,
    shape: [from, to],
  })
  const norm = (name: string): GgufTensor => ({ name, type: 'F32', shape: [embedding] })
  const block = (i: number) => [
    norm(`blk.${i}.attn_norm.weight`),
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

/** What a GGUF of the llama architecture says of itself. */
export function metadataOf(shape: ModelShape, weights: WeightType = 'Q8_0'): Record<string, GgufValue> {
  const tokens = Array.from({ length: shape.vocabulary }, (_, id) => tokenText(id))
  const types = tokens.map((_, id) => {
    if (id === 0) return UNKNOWN
    if (id < SPECIAL_TOKENS) return CONTROL
    return id < SPECIAL_TOKENS + 256 ? BYTE : NORMAL
  })
  return {
    'general.architecture': str('llama'),
    'general.name': str(shape.name),
    'general.file_type': u32(weights === 'F16' ? 1 : 7),
    'llama.context_length': u32(shape.contextLength),
    'llama.embedding_length': u32(shape.embedding),
    'llama.block_count': u32(shape.layers),
    'llama.feed_forward_length': u32(shape.feedForward),
    'llama.attention.head_count': u32(shape.heads),
    'llama.attention.head_count_kv': u32(shape.kvHeads),
    'llama.attention.layer_norm_rms_epsilon': f32(1e-6),
    'llama.rope.freq_base': f32(10_000),
    'llama.rope.dimension_count': u32(shape.embedding / shape.heads),
    ...(shape.experts === undefined
      ? {}
      : {
          'llama.expert_count': u32(shape.experts.count),
          'llama.expert_used_count': u32(shape.experts.used),
        }),
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

function ones(tensor: GgufTensor): Uint8Array {
  return new Uint8Array(new Float32Array(tensorBytes(tensor) / 4).fill(1).buffer)
}

/** Q8_0: a half-precision scale and 32 signed bytes a block. Rows of special tokens are 0: never the best. */
function randomBlocks(tensor: GgufTensor, shape: ModelShape, random: () => number): Uint8Array {
  const bytes = Buffer.alloc(tensorBytes(tensor))
  const [columns = 0] = tensor.shape
  const scale = halfPrecision(1 / Math.sqrt(columns) / INT8_DEVIATION)
  const isEmbedding = tensor.name === 'token_embd.weight'
  const skipped = isEmbedding ? ((SPECIAL_TOKENS + 256) * shape.embedding) / BLOCK : 0
  for (let block = skipped; block * 34 < bytes.length; block++) {
    bytes.writeUInt16LE(scale, block * 34)
    for (let i = 0; i < BLOCK; i++) bytes.writeInt8(Math.round(random() * 254 - 127), block * 34 + 2 + i)
  }
  return bytes
}

/** Half-precision numbers of either sign and one size: all that a converter of weights needs to be busy. */
function randomHalves(tensor: GgufTensor, random: () => number): Uint8Array {
  const [columns = 0] = tensor.shape
  const positive = halfPrecision(1 / Math.sqrt(columns))
  const values = new Uint16Array(tensorBytes(tensor) / 2)
  for (let i = 0; i < values.length; i++) values[i] = random() < 0.5 ? positive : positive | HALF_SIGN
  return new Uint8Array(values.buffer)
}

/** IEEE 754 binary16 of a positive normal number. */
function halfPrecision(value: number): number {
  const exponent = Math.floor(Math.log2(value))
  const fraction = Math.round((value / 2 ** exponent - 1) * 1024)
  return ((exponent + 15) << 10) + fraction
}

/** Mulberry32: a small seeded generator, so that the file is the same every time. */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
