import type { LoadPlan } from '../backend.ts'

/** llama-server's own number of slots where nobody names one. */
const MOST_AUTOMATIC_SLOTS = 4
const GIB = 2 ** 30
/** What a GPU needs beside weights and cells: its driver's context and compute buffers. */
const GPU_RESERVE = 1.5 * GIB

export interface FreeMemory {
  hostBytes: number
  /** Of all GPUs together; 0 without one. */
  gpuBytes: number
}

/** The KV cache of a model: cells for one token each, in one pool that all slots take from. */
export interface CellPool {
  slots: number
  cells: number
}

/**
 * How many requests to serve at the same time and how many cells they share.
 *
 * With a number of slots given, every slot gets a whole context, as Ollama allots it; only where that much memory
 * is not there at all the pool is smaller, down to one context, and requests wait for each other's cells. With
 * slots 0 there are as many as fit comfortably, each with a whole context, up to four. A plan that names cells has
 * been computed already.
 */
export function cellPool(
  plan: Pick<LoadPlan, 'slots' | 'cells' | 'contextLength' | 'memory' | 'gpuLayers'>,
  free: FreeMemory,
): CellPool {
  if (plan.cells !== undefined && plan.slots > 0) {
    return { slots: plan.slots, cells: Math.max(plan.contextLength, plan.cells) }
  }
  const { contextLength, memory } = plan
  const slots = plan.slots > 0 ? plan.slots : automaticSlots(plan, free)
  const wanted = slots * contextLength
  if (memory === undefined) return { slots, cells: wanted }
  const gpuBytes = plan.gpuLayers === 0 ? 0 : free.gpuBytes
  const most = Math.floor((free.hostBytes + gpuBytes - memory.weightsBytes) / memory.kvBytesPerToken)
  return { slots, cells: Math.min(wanted, Math.max(contextLength, most)) }
}

function automaticSlots(
  { contextLength, memory, gpuLayers }: Pick<LoadPlan, 'contextLength' | 'memory' | 'gpuLayers'>,
  { hostBytes, gpuBytes }: FreeMemory,
): number {
  if (memory === undefined) return 1
  const isOnGpu = gpuBytes > 0 && gpuLayers !== 0
  const comfortable = isOnGpu ? gpuBytes - GPU_RESERVE : hostBytes - hostReserve(hostBytes)
  const fitting = (comfortable - memory.weightsBytes) / (memory.kvBytesPerToken * contextLength)
  return Math.max(1, Math.min(MOST_AUTOMATIC_SLOTS, Math.floor(fitting)))
}

/** What the rest of the machine keeps: a tenth, between 4 and 16 GiB. */
const hostReserve = (hostBytes: number): number => Math.max(4 * GIB, Math.min(16 * GIB, hostBytes / 10))
