import { tensorTypeNamed } from '../gguf/tensor-type.ts'
import type { GgufFacts } from '../gguf/types.ts'
import type { Hyperparameters } from './hyperparameters.ts'

/** Types that llama.cpp stores keys and values in, by their names on its command line. */
export type CacheType = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q5_1' | 'q5_0' | 'q4_1' | 'q4_0' | 'iq4_nl'

/** How a cache is laid out. */
export interface CacheLayout {
  /** Tokens of all sequences together. */
  contextLength: number
  sequences: number
  /** Sequences share all cells; otherwise each has its part. */
  isUnified: boolean
  /** Most tokens of one compute step (llama.cpp's ubatch). */
  stepTokens: number
  keyType: CacheType
  valueType: CacheType
  /** Sliding layers keep every token too, for prefixes that are used again (llama.cpp's swa_full). */
  keepsWholeWindow?: boolean
}

/** llama.cpp allots cells by so many (src/llama-context.cpp, src/llama-kv-cache.cpp). */
const CELL_GROUP = 256
const STATE_VALUE_BYTES = 4

const inGroups = (cells: number): number => Math.ceil(cells / CELL_GROUP) * CELL_GROUP

function blockOf(type: CacheType) {
  const block = tensorTypeNamed(type.toUpperCase())
  if (block === undefined) throw new RangeError(`no block type is called ${type}`)
  return block
}

/** Bytes of so many values; the blocks of a quantized type hold 32. */
function valueBytes(values: number, type: CacheType): number {
  const { blockBytes, blockValues } = blockOf(type)
  return (values * blockBytes) / blockValues
}

/** Whether llama.cpp can cache in this type: a block lies within one head (llama_init_from_model in src/llama-context.cpp). */
export const suitsHeads = (type: CacheType, { headLengths }: Pick<Hyperparameters, 'headLengths'>): boolean =>
  headLengths.every((length) => length % blockOf(type).blockValues === 0)

/** Cells of one layer for one stream of tokens, and how many streams there are. */
export interface Cells {
  streams: number
  full: number
  /** Of a layer that slides; as many as `full` in models without a window. */
  sliding: number
}

/** The cells that llama.cpp allots (src/llama-kv-cache.cpp, src/llama-kv-cache-iswa.cpp). */
export function cacheCells(windowLength: number, layout: CacheLayout): Cells {
  const { sequences, isUnified, keepsWholeWindow = false } = layout
  const context = inGroups(layout.contextLength)
  const full = isUnified ? context : inGroups(Math.ceil(context / sequences))
  const window = windowLength * (isUnified ? sequences : 1) + tokensOfStep(layout)
  const sliding = windowLength === 0 || keepsWholeWindow ? full : Math.min(full, inGroups(window))
  return { streams: isUnified ? 1 : sequences, full, sliding }
}

/** Tokens that a compute step takes in at most. */
export const tokensOfStep = ({ contextLength, stepTokens }: CacheLayout): number =>
  Math.min(inGroups(contextLength), stepTokens)

/**
 * Bytes that a model keeps of the tokens it has seen, layer by layer: keys and values of attention, which grow with
 * the context, and states of recurrent layers, which do not.
 */
export function cacheBytesPerLayer(
  { memory, windowLength }: Pick<Hyperparameters, 'memory' | 'windowLength'>,
  layout: CacheLayout,
): number[] {
  const cells = cacheCells(windowLength, layout)
  return memory.map(({ keyValues, valueValues, isSliding, stateValues }) => {
    const cell = valueBytes(keyValues, layout.keyType) + valueBytes(valueValues, layout.valueType)
    const state = stateValues * STATE_VALUE_BYTES * Math.max(1, layout.sequences)
    return cells.streams * (isSliding ? cells.sliding : cells.full) * cell + state
  })
}

/** The same for all layers together. */
export const cacheBytes = (
  model: Pick<Hyperparameters, 'memory' | 'windowLength'>,
  layout: CacheLayout,
): number => cacheBytesPerLayer(model, layout).reduce((sum, bytes) => sum + bytes, 0)

/**
 * Bytes that one more token takes in the KV cache at most: a key and a value for every KV head of every layer.
 * Layers with a sliding window stop growing at its length; here they count in full. Undefined when the header does
 * not say enough.
 */
export function kvBytesPerToken(
  facts: Pick<GgufFacts, 'kvHeads' | 'keyLength' | 'valueLength'>,
  type: CacheType,
): number | undefined {
  const { kvHeads, keyLength, valueLength } = facts
  const heads = kvHeads.reduce((sum, count) => sum + count, 0)
  if (heads === 0 || keyLength === undefined || valueLength === undefined) return undefined
  return valueBytes(heads * (keyLength + valueLength), type)
}
