import { writeFile } from 'node:fs/promises'
import { array, bool, f32, type GgufTensor, type GgufValue, str, u32, writeGguf } from './gguf.ts'
import { generator } from './random-weights.ts'

/** llama.cpp's numbers of what becomes of the vectors of all tokens. */
export const POOLING_TYPE = { mean: 1, cls: 2, last: 3, rank: 4 } as const

const EMBEDDING = 32
const LAYERS = 2
const FEED_FORWARD = 64
const CONTROL = 3
const NORMAL = 1
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz']
/** Every letter at the start of a word, which llama.cpp marks, and inside one. */
const TOKENS = [...SPECIAL, ...LETTERS.map((letter) => `\u2581${letter}`), ...LETTERS]

/** The numbers of the encoder's tokens. */
export const CLS = 2
export const SEP = 3
export const VOCABULARY_SIZE = TOKENS.length
export const EMBEDDING_LENGTH = EMBEDDING
export const letterToken = (letter: string): number => SPECIAL.length + LETTERS.indexOf(letter)

/**
 * Writes a BERT with random weights: a WordPiece vocabulary of letters, tokens that see each other both ways.
 * With `rank` it has a head that gives one score. The same arguments give the same bytes.
 */
export async function writeRandomEncoder(
  path: string,
  pooling: keyof typeof POOLING_TYPE,
  contextLength = 64,
): Promise<void> {
  const tensors = tensorsOf(contextLength, pooling === 'rank')
  const header = writeGguf({ metadata: metadataOf(pooling, contextLength), tensors, headerOnly: true })
  const random = generator(2)
  const parts: Uint8Array[] = [header, new Uint8Array(toBlock(header.length))]
  for (const tensor of tensors) {
    const bytes = new Uint8Array(valuesOf(tensor, random).buffer)
    parts.push(bytes, new Uint8Array(toBlock(bytes.length)))
  }
  await writeFile(path, Buffer.concat(parts))
}

const toBlock = (length: number) => (32 - (length % 32)) % 32

function metadataOf(pooling: keyof typeof POOLING_TYPE, contextLength: number): Record<string, GgufValue> {
  const types = TOKENS.map((_, id) => (id < SPECIAL.length ? CONTROL : NORMAL))
  return {
    'general.architecture': str('bert'),
    'general.name': str('random encoder'),
    'general.file_type': u32(0),
    'bert.context_length': u32(contextLength),
    'bert.embedding_length': u32(EMBEDDING),
    'bert.block_count': u32(LAYERS),
    'bert.feed_forward_length': u32(FEED_FORWARD),
    'bert.attention.head_count': u32(4),
    'bert.attention.layer_norm_epsilon': f32(1e-12),
    'bert.attention.causal': bool(false),
    'bert.pooling_type': u32(POOLING_TYPE[pooling]),
    'tokenizer.ggml.model': str('bert'),
    'tokenizer.ggml.token_type_count': u32(2),
    'tokenizer.ggml.tokens': array('string', TOKENS),
    'tokenizer.ggml.token_type': array('int32', types),
    'tokenizer.ggml.padding_token_id': u32(0),
    'tokenizer.ggml.unknown_token_id': u32(1),
    'tokenizer.ggml.bos_token_id': u32(CLS),
    'tokenizer.ggml.cls_token_id': u32(CLS),
    'tokenizer.ggml.seperator_token_id': u32(SEP),
    'tokenizer.ggml.mask_token_id': u32(4),
  }
}

function tensorsOf(contextLength: number, hasHead: boolean): GgufTensor[] {
  const matrix = (name: string, from: number, to: number): GgufTensor => ({
    name: `${name}.weight`,
    type: 'F32',
    shape: [from, to],
  })
  const bias = (name: string, length: number): GgufTensor => ({
    name: `${name}.bias`,
    type: 'F32',
    shape: [length],
  })
  const linear = (name: string, from: number, to: number) => [matrix(name, from, to), bias(name, to)]
  const norm = (name: string): GgufTensor[] => [
    { name: `${name}.weight`, type: 'F32', shape: [EMBEDDING] },
    bias(name, EMBEDDING),
  ]
  const block = (i: number) => [
    ...linear(`blk.${i}.attn_q`, EMBEDDING, EMBEDDING),
    ...linear(`blk.${i}.attn_k`, EMBEDDING, EMBEDDING),
    ...linear(`blk.${i}.attn_v`, EMBEDDING, EMBEDDING),
    ...linear(`blk.${i}.attn_output`, EMBEDDING, EMBEDDING),
    ...norm(`blk.${i}.attn_output_norm`),
    ...linear(`blk.${i}.ffn_up`, EMBEDDING, FEED_FORWARD),
    ...linear(`blk.${i}.ffn_down`, FEED_FORWARD, EMBEDDING),
    ...norm(`blk.${i}.layer_output_norm`),
  ]
  return [
    matrix('token_embd', EMBEDDING, TOKENS.length),
    matrix('token_types', EMBEDDING, 2),
    matrix('position_embd', EMBEDDING, contextLength),
    ...norm('token_embd_norm'),
    ...Array.from({ length: LAYERS }, (_, i) => block(i)).flat(),
    ...(hasHead ? [...linear('cls', EMBEDDING, EMBEDDING), ...linear('cls.output', EMBEDDING, 1)] : []),
  ]
}

/** Norms scale by one; everything else is spread evenly around zero. */
function valuesOf({ name, shape }: GgufTensor, random: () => number): Float32Array {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1))
  if (name.endsWith('norm.weight')) return values.fill(1)
  const [columns = 1] = shape
  const spread = shape.length === 1 ? 0.1 : Math.sqrt(12 / columns)
  return values.map(() => (random() - 0.5) * spread)
}
