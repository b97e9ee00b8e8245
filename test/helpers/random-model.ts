import { createCipheriv, createHash } from 'node:crypto'
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

const CONTROL = 3
const BYTE = 6
const NORMAL = 1
const UNKNOWN = 2
const SPECIAL_TOKENS = 3
const BLOCK = 32
/** Standard deviation of the uniform integers -128…127. */
const INT8_DEVIATION = 73.9
const BIAS_DEVIATION = 0.02

/** Writes a Q8_0 GGUF with random weights and a made-up vocabulary. The same shape gives the same bytes. */
export async function writeRandomModel(path: string, shape: ModelShape): Promise<void> {
  const tensors = tensorsOf(shape)
  const out = createWriteStream(path)
  const write = async (bytes: Uint8Array) => {
    if (!out.write(bytes)) await once(out, 'drain')
  }
  const header = writeGguf({ metadata: metadataOf(shape), tensors, headerOnly: true })
  await write(header)
  await write(new Uint8Array((BLOCK - (header.length % BLOCK)) % BLOCK))
  const random = generator(shape.name)
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor, shape, random)
    await write(bytes)
    await write(new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK))
  }
  out.end()
  await once(out, 'close')
}

function tensorsOf(shape: ModelShape): GgufTensor[] {
  const { embedding, feedForward, vocabulary } = shape
  const kv = (embedding / shape.heads) * shape.kvHeads
  const matrix = (name: string, from: number, to: number): GgufTensor => ({
    name,
    type: 'Q8_0',
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
    matrix(`blk.${i}.ffn_gate.weight`, embedding, feedForward),
    matrix(`blk.${i}.ffn_up.weight`, embedding, feedForward),
    matrix(`blk.${i}.ffn_down.weight`, feedForward, embedding),
  ]
  return [
    matrix('token_embd.weight', embedding, vocabulary),
    ...Array.from({ length: shape.layers }, (_, i) => block(i)).flat(),
    norm('output_norm.weight'),
  ]
}

function metadataOf(shape: ModelShape): Record<string, GgufValue> {
  const { architecture = 'llama' } = shape
  const tokens = Array.from({ length: shape.vocabulary }, (_, id) => tokenText(id))
  const types = tokens.map((_, id) => {
    if (id === 0) return UNKNOWN
    if (id < SPECIAL_TOKENS) return CONTROL
    return id < SPECIAL_TOKENS + 256 ? BYTE : NORMAL
  })
  return {
    'general.architecture': str(architecture),
    'general.name': str(shape.name),
    'general.file_type': u32(7),
    [`${architecture}.context_length`]: u32(shape.contextLength),
    [`${architecture}.embedding_length`]: u32(shape.embedding),
    [`${architecture}.block_count`]: u32(shape.layers),
    [`${architecture}.feed_forward_length`]: u32(shape.feedForward),
    [`${architecture}.attention.head_count`]: u32(shape.heads),
    [`${architecture}.attention.head_count_kv`]: u32(shape.kvHeads),
    [`${architecture}.attention.layer_norm_rms_epsilon`]: f32(1e-6),
    [`${architecture}.rope.freq_base`]: f32(shape.ropeBase ?? 10_000),
    [`${architecture}.rope.dimension_count`]: u32(shape.embedding / shape.heads),
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

/** Random bytes, as many as are asked for. */
type Random = (length: number) => Buffer

function bytesOf(tensor: GgufTensor, shape: ModelShape, random: Random): Uint8Array {
  if (tensor.type !== 'F32') return randomBlocks(tensor, shape, random)
  const values = new Float32Array(tensorBytes(tensor) / 4).fill(1)
  if (tensor.name.endsWith('.bias')) {
    const noise = random(values.length)
    values.forEach((_, i) => {
      values[i] = (noise.readInt8(i) / INT8_DEVIATION) * BIAS_DEVIATION
    })
  }
  return new Uint8Array(values.buffer)
}

/** Q8_0: a half-precision scale and 32 signed bytes a block. Rows of special tokens are 0: never the best. */
function randomBlocks(tensor: GgufTensor, shape: ModelShape, random: Random): Uint8Array {
  const bytes = random(tensorBytes(tensor))
  const [columns = 0] = tensor.shape
  const scale = halfPrecision(1 / Math.sqrt(columns) / INT8_DEVIATION)
  for (let at = 0; at < bytes.length; at += 34) bytes.writeUInt16LE(scale, at)
  if (tensor.name === 'token_embd.weight') {
    bytes.fill(0, 0, (((SPECIAL_TOKENS + 256) * shape.embedding) / BLOCK) * 34)
  }
  return bytes
}

/** IEEE 754 binary16 of a positive normal number. */
function halfPrecision(value: number): number {
  const exponent = Math.floor(Math.log2(value))
  const fraction = Math.round((value / 2 ** exponent - 1) * 1024)
  return ((exponent + 15) << 10) + fraction
}

/** The key stream of AES in counter mode: gigabytes a second, and the same for the same seed. */
function generator(seed: string): Random {
  const key = createHash('md5').update(seed).digest()
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  return (length) => cipher.update(Buffer.alloc(length))
}
