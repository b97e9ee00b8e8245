import koffi from 'koffi'
import type { Batch } from './layout.ts'
import type { Library } from './library.ts'

/** The tokens of one decode step, written straight into llama.cpp's own arrays. */
export interface TokenBatch {
  readonly capacity: number
  readonly size: () => number
  clear(): void
  /** Adds a token of a sequence at a position; returns its row. `wantsLogits`: the row is sampled later. */
  add(token: number, position: number, sequence: number, wantsLogits: boolean): number
  /** The struct for `llama_decode`. */
  struct(): Batch
}

/** A batch of up to `capacity` tokens. It lives as long as the process; there is one per model. */
export function createTokenBatch(library: Library, capacity: number): TokenBatch {
  const native = library.createBatch(capacity, 0, 1)
  const ints = (pointer: unknown, length: number) => new Int32Array(koffi.view(pointer, length * 4))
  const tokens = ints(native.token, capacity)
  const positions = ints(native.pos, capacity)
  const sequenceCounts = ints(native.n_seq_id, capacity)
  const wanted = new Int8Array(koffi.view(native.logits, capacity))
  const pointers: unknown[] = koffi.decode(native.seq_id, koffi.array('void *', capacity))
  const sequences = pointers.map((pointer) => ints(pointer, 1))
  let size = 0
  return {
    capacity,
    size: () => size,
    clear() {
      size = 0
    },
    add(token, position, sequence, wantsLogits) {
      tokens[size] = token
      positions[size] = position
      sequenceCounts[size] = 1
      const row = sequences[size]
      if (row === undefined) throw new RangeError(`a batch holds ${capacity} tokens`)
      row[0] = sequence
      wanted[size] = wantsLogits ? 1 : 0
      return size++
    },
    struct: () => ({ ...native, n_tokens: size }),
  }
}
