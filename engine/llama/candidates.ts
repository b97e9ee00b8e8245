import koffi from 'koffi'
import type { Pointer } from './layout.ts'
import type { Library } from './library.ts'

/** llama_token_data: id (int32), logit (float), p (float). */
const ENTRY_BYTES = 12
const ENTRY_WORDS = 3
/** llama_token_data_array: data (pointer), size (size_t), selected (int64), sorted (bool). */
const ARRAY_BYTES = 32
const SIZE_AT = 8
const SELECTED_AT = 16
const SORTED_AT = 24
const NONE = -1n

/**
 * Tokens and their logits in the form llama.cpp's samplers work on (include/llama.h llama_token_data_array).
 * One serves a whole model: it is filled anew for every use. It lives as long as the process.
 */
export interface Candidates {
  /** Takes these tokens with their logits in `row`. `sorted`: they come best first. */
  fill(tokens: Iterable<number>, row: Float32Array, sorted: boolean): void
  apply(sampler: Pointer): void
  /** The logit of the entry that was filled in at `index`, as long as no sampler has moved entries. */
  logit(index: number): number
  /** The token a sampler has chosen; undefined when it chose none. */
  selected(): number | undefined
}

/** Room for `capacity` tokens: the whole vocabulary, for nothing else bounds what may be put in. */
export function createCandidates(library: Library, capacity: number): Candidates {
  const entries: Pointer = koffi.alloc('uint8_t', capacity * ENTRY_BYTES)
  const array: Pointer = koffi.alloc('uint8_t', ARRAY_BYTES)
  const logits = new Float32Array(koffi.view(entries, capacity * ENTRY_BYTES))
  const ids = new Int32Array(logits.buffer)
  const header = new DataView(koffi.view(array, ARRAY_BYTES))
  const start = BigInt(entries ?? 0)
  return {
    fill(tokens, row, sorted) {
      let size = 0
      for (const token of tokens) {
        if (size === capacity) break
        ids[size * ENTRY_WORDS] = token
        logits[size * ENTRY_WORDS + 1] = row[token] ?? -Infinity
        logits[size * ENTRY_WORDS + 2] = 0
        size += 1
      }
      header.setBigUint64(0, start, true)
      header.setBigUint64(SIZE_AT, BigInt(size), true)
      header.setBigInt64(SELECTED_AT, NONE, true)
      header.setUint8(SORTED_AT, sorted ? 1 : 0)
    },
    apply: (sampler) => library.applySampler(sampler, array),
    logit: (index) => logits[index * ENTRY_WORDS + 1] ?? -Infinity,
    selected() {
      const index = header.getBigInt64(SELECTED_AT, true)
      if (index < 0n || index >= header.getBigUint64(SIZE_AT, true)) return undefined
      // XTC drops the best by moving the beginning.
      const skipped = (header.getBigUint64(0, true) - start) / BigInt(ENTRY_BYTES)
      return ids[Number(skipped + index) * ENTRY_WORDS]
    },
  }
}
