/** The numbers in models that nobody has trained. */
import { createCipheriv, createHash } from 'node:crypto'
import { type GgufTensor, tensorBytes } from './gguf.ts'

/** The sign bit of a half-precision number. */
const HALF_SIGN = 0x8000
/** Standard deviation of the uniform integers -127…127. */
const INT8_DEVIATION = 73.3
const BIAS_DEVIATION = 0.02
/** Weights a block of Q8_0 holds, and bytes it takes. */
const BLOCK = 32
const BLOCK_BYTES = 34

/** Random bytes, as many as are asked for. */
export type Random = (length: number) => Buffer

/**
 * The bytes of a tensor with weights of a likely size. The first `silent` rows of the embedding are 0: with tied
 * embeddings their tokens are never the best.
 */
export function dataOf(tensor: GgufTensor, random: Random, silent: number): Uint8Array {
  if (tensor.type === 'F32') return floats(tensor, random)
  return tensor.type === 'F16' ? randomHalves(tensor, random) : randomBlocks(tensor, random, silent)
}

/** Biases near 0; everything else is 1. */
function floats(tensor: GgufTensor, random: Random): Uint8Array {
  const values = new Float32Array(tensorBytes(tensor) / 4).fill(1)
  if (tensor.name.endsWith('.bias')) {
    for (const [i, byte] of new Int8Array(random(values.length)).entries()) {
      values[i] = (byte / INT8_DEVIATION) * BIAS_DEVIATION
    }
  }
  return new Uint8Array(values.buffer)
}

/** Q8_0: a half-precision scale and 32 signed bytes a block. */
function randomBlocks(tensor: GgufTensor, random: Random, silent: number): Uint8Array {
  const bytes = random(tensorBytes(tensor))
  // No converter writes -128, and not all of ggml's kernels compute with it rightly.
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x80) bytes[i] = 0x81
  const [columns = 0] = tensor.shape
  const scale = halfPrecision(1 / Math.sqrt(columns) / INT8_DEVIATION)
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) bytes.writeUInt16LE(scale, at)
  if (tensor.name === 'token_embd.weight') {
    bytes.fill(0, 0, ((silent * columns) / BLOCK) * BLOCK_BYTES)
  }
  return bytes
}

/** Half-precision numbers of either sign and one size: all that a converter of weights needs to be busy. */
function randomHalves(tensor: GgufTensor, random: Random): Uint8Array {
  const [columns = 0] = tensor.shape
  const positive = halfPrecision(1 / Math.sqrt(columns))
  const values = new Uint16Array(tensorBytes(tensor) / 2)
  const signs = random(values.length)
  for (let i = 0; i < values.length; i++)
    values[i] = ((signs[i] ?? 0) & 0x80) === 0 ? positive : positive | HALF_SIGN
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

/** The key stream of AES in counter mode: gigabytes a second, and the same for the same seed. */
export function bytesFrom(seed: string): Random {
  const key = createHash('md5').update(seed).digest()
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  return (length) => cipher.update(Buffer.alloc(length))
}
