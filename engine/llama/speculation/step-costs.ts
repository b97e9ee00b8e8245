import type { BufferSize, LoadPlan } from '../../backend.ts'
import { isHostBuffer } from '../buffers.ts'

/** What drafts cost in a decode step. Constants, not what was measured of this machine: drafts must not depend on time. */
export interface StepCosts {
  /** What each row behind the first adds to a step, as a share of a step with one. */
  row: number
}

/**
 * Of processors. Two cores with AVX-512, half a billion Q8_0 weights, 512 tokens of context: steps of 2, 4, 8, 12 and
 * 16 rows take 1.5, 2.3, 3.6, 5.2 and 6.7 times as long as one of 1. More cores share a row's work, but not the
 * reading of weights, so there rows cost less.
 */
const PROCESSOR: StepCosts = { row: 0.4 }

/**
 * Of GPUs, which wait for memory at one row. By the table in llama.cpp's tools/batched-bench/README.md 8 rows take 2.4
 * times as long as one; newer GPUs are better at it.
 */
const GPU: StepCosts = { row: 0.2 }

/**
 * Draft lengths that make steps of 2, 4, 8, 12 or 16 rows: llama.cpp's kernels for processors take rows by four, and 5
 * take nearly as long as 8, 9 nearly as long as 12. More than 16 would gain little: the limit is 1 / row.
 */
export const DRAFT_LENGTHS = [1, 3, 7, 11, 15]

/** Rows of the largest step that has drafts and no prompt in it. */
export const MOST_ROWS = 16

type Placing = Pick<LoadPlan, 'speculation' | 'cpuExpertLayers' | 'tensorOverrides'>

/**
 * For a model whose memory is in `buffers`; undefined where nobody wants drafts. It counts as on GPUs when no layer and
 * no expert is computed by the processor.
 */
export function stepCosts(
  { speculation, cpuExpertLayers = 0, tensorOverrides = [] }: Placing,
  buffers: readonly Pick<BufferSize, 'device' | 'kind'>[],
): StepCosts | undefined {
  if (speculation === 'off') return undefined
  // A layer's cells lie where the layer is computed.
  const caches = buffers.filter(({ kind }) => kind === 'kv')
  const isOnGpu = caches.length > 0 && caches.every(({ device }) => !isHostBuffer(device))
  return isOnGpu && cpuExpertLayers === 0 && tensorOverrides.length === 0 ? GPU : PROCESSOR
}
