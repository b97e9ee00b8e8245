import type { BufferSize, LoadPlan } from '../../backend.ts'
import { isHostBuffer } from '../buffers.ts'

/**
 * How long a step takes with a draft of so many tokens, in steps without one; from short to long. Constants, not what was
 * measured on this machine: drafts must not depend on time. The lengths make steps of 2, 4, 8, 12 and 16 rows: llama.cpp's
 * kernels for processors take rows by four, and 5 take nearly as long as 8, 9 nearly as long as 12.
 */
export type StepCosts = readonly { readonly drafts: number; readonly time: number }[]

/** Two cores with AVX-512, half a billion Q8_0 weights, 512 tokens of context. With more cores rows cost less. */
export const PROCESSOR: StepCosts = [
  { drafts: 1, time: 1.5 },
  { drafts: 3, time: 2.3 },
  { drafts: 7, time: 3.6 },
  { drafts: 11, time: 5.2 },
  { drafts: 15, time: 6.7 },
]

/**
 * The table in llama.cpp's tools/batched-bench/README.md (7B, F16), which has no 12 rows: between 8 and 16. Newer GPUs
 * make less of a difference between 1 row and 8.
 */
export const GPU: StepCosts = [
  { drafts: 1, time: 1.63 },
  { drafts: 3, time: 2.23 },
  { drafts: 7, time: 2.39 },
  { drafts: 11, time: 2.57 },
  { drafts: 15, time: 2.75 },
]

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
