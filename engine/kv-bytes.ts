import type { LoadPlan } from './backend.ts'
import type { GgufFacts } from './gguf/types.ts'

/** Bytes of one value: ggml's blocks of 32 hold a half-precision scale and 32 numbers of 8 or 4 bits. */
const BYTES_PER_VALUE: Record<LoadPlan['kvCacheType'], number> = { f16: 2, q8_0: 34 / 32, q4_0: 18 / 32 }

/**
 * Bytes that one token takes in the KV cache: a key and a value for every KV head of every layer (llama.cpp
 * src/llama-kv-cache.cpp). Layers with a sliding window stop growing at its length; counting them in full makes
 * this an upper bound. Undefined when the header does not say enough.
 */
export function kvBytesPerToken(
  facts: Pick<GgufFacts, 'kvHeads' | 'keyLength' | 'valueLength'>,
  type: LoadPlan['kvCacheType'],
): number | undefined {
  const { kvHeads, keyLength, valueLength } = facts
  const heads = kvHeads.reduce((sum, count) => sum + count, 0)
  if (heads === 0 || keyLength === undefined || valueLength === undefined) return undefined
  return heads * (keyLength + valueLength) * BYTES_PER_VALUE[type]
}
