import type { LoadPlan } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { defaultThreads, thisCpu } from '../hardware/threads.ts'
import type { CellPool } from './cell-pool.ts'
import { type ContextParams, FLASH_ATTENTION, KV_CACHE_TYPE } from './layout.ts'
import type { Library } from './library.ts'
import { ropeParams } from './rope.ts'

/** The KV cache is allocated in steps of this many cells (llama.cpp src/llama-context.cpp). */
const CELL_STEP = 256

/**
 * Throws EngineError `load_failed` for a cache that attention cannot read. llama.cpp would say so only after it has read
 * all the weights.
 */
export function checkCacheType({ kvCacheType, flashAttention }: LoadPlan): void {
  if (kvCacheType === 'f16' || flashAttention !== false) return
  const advice = 'turn that on, or use a cache of type f16'
  throw new EngineError('load_failed', `a KV cache of type ${kvCacheType} needs flash attention: ${advice}`)
}

/** Cells of the KV cache, and tokens of one decode step: room for one token of every slot at least. */
export function sizesOf(plan: LoadPlan, pool: CellPool): { cells: number; batch: number } {
  const cells = Math.ceil(pool.cells / CELL_STEP) * CELL_STEP
  return { cells, batch: Math.max(pool.slots, Math.min(plan.batchTokens, cells)) }
}

/** Compute threads: what the plan asks for, or what suits the machine. */
export const threadsOf = (plan: LoadPlan): number =>
  plan.threads > 0 ? plan.threads : defaultThreads(thisCpu())

/** What a generating context is created with. `abortFlag`: a native byte that stops a decode when it is 1. */
export function contextParams(
  library: Library,
  plan: LoadPlan,
  pool: CellPool,
  abortFlag: unknown,
): ContextParams {
  const threads = threadsOf(plan)
  const { cells, batch } = sizesOf(plan, pool)
  const flash = plan.flashAttention
  return {
    ...library.defaultContextParams(),
    n_ctx: cells,
    // One micro-batch a step, so that a long prompt never holds up a running stream for longer.
    n_batch: batch,
    n_ubatch: batch,
    n_seq_max: pool.slots,
    n_threads: threads,
    n_threads_batch: threads,
    flash_attn_type:
      flash === 'auto' ? FLASH_ATTENTION.auto : flash ? FLASH_ATTENTION.on : FLASH_ATTENTION.off,
    ...ropeParams(plan.rope ?? {}),
    type_k: KV_CACHE_TYPE[plan.kvCacheType],
    type_v: KV_CACHE_TYPE[plan.kvCacheType],
    // One pool of cells for all sequences, so that they can share a prefix.
    kv_unified: true,
    // Sliding-window layers keep only their window, as llama-server does.
    swa_full: false,
    abort_callback: library.abortCallback,
    abort_callback_data: abortFlag,
  }
}
