/** Memory that no buffer of llama.cpp accounts for. */

const MIB = 2 ** 20

/** Context, kernels and workspaces of CUDA or ROCm: gone before the first buffer is allotted. */
const DRIVER_CONTEXT_BYTES = 500 * MIB
/** What llama.cpp's own planner leaves free on a device (common/fit.cpp), for temporary pools above all. */
const MARGIN_BYTES = 1024 * MIB
const SMALL_DEVICE_BYTES = 6 * 1024 * MIB
const SMALL_DEVICE_MARGIN = 0.1
const LEAST_MARGIN_BYTES = 512 * MIB
/** An estimate of what a desktop takes of the GPU that draws it, over what is taken already. */
const DISPLAY_BYTES = 300 * MIB
/** What encoding an image takes beside the projector's weights (ollama llm/memory.go). */
const PROJECTOR_COMPUTE_BYTES = 1024 * MIB

/** A device with the memory that somebody has found free on it. */
export interface MeasuredDevice {
  totalBytes: number
  /** Who read the free memory: the driver, before anything runs, or ggml, which has its context by then. */
  measuredBy: 'driver' | 'ggml'
  drivesDisplay?: boolean
  /** Its memory is the machine's: there is no context of a driver to pay for. */
  isUnified?: boolean
}

/** Bytes of a device's free memory that weights, cache and compute buffers must leave alone. */
export function deviceOverheadBytes(device: MeasuredDevice): number {
  const { totalBytes, measuredBy, drivesDisplay = false, isUnified = false } = device
  if (isUnified) return MARGIN_BYTES
  const margin =
    totalBytes < SMALL_DEVICE_BYTES
      ? Math.max(LEAST_MARGIN_BYTES, totalBytes * SMALL_DEVICE_MARGIN)
      : MARGIN_BYTES
  return margin + (measuredBy === 'driver' ? DRIVER_CONTEXT_BYTES : 0) + (drivesDisplay ? DISPLAY_BYTES : 0)
}

/** Bytes for a projector that turns images or sound into embeddings, from the bytes of its tensors. */
export const projectorBytes = (tensorBytes: number): number => tensorBytes + PROJECTOR_COMPUTE_BYTES
