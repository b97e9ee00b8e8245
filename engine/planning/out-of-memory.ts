import { isHostBuffer } from '../llama/buffers.ts'
import { RAM } from './types.ts'

/** Which memory was too small for a load, by the runner's name of it; undefined where the message names none. */
export interface OutOfMemory {
  device: string | undefined
}

/**
 * llama.cpp's words for memory that it did not get (ggml/src/ggml-alloc.c, ggml-backend.cpp, ggml.c and the backends,
 * src/llama-model.cpp, llama-context.cpp, llama-mmap.cpp). What does not name a device comes last.
 */
const NAMED = [
  /failed to allocate (\S+) buffer of size/,
  /unable to allocate (\S+) buffer/,
  /failed to allocate buffer of type (\S+)/,
]
const BY_NUMBER = /on device (\d+): (cuda|hip|musa)Malloc\w* failed: out of memory/i
const UNNAMED = [
  /out of memory/i,
  /insufficient memory/i,
  /Cannot allocate memory/,
  /ErrorOutOfDeviceMemory/,
  /Device memory allocation of size \d+ failed/,
  /failed to allocate (compute|buffer|memory)/,
]
/** Names of devices for what their libraries call them (ggml/src/ggml-cuda). */
const PREFIXES: Readonly<Record<string, string>> = { cuda: 'CUDA', hip: 'ROCm', musa: 'MUSA' }

/** Reads a failed load's message; undefined when it failed for another reason. */
export function outOfMemoryIn(message: string): OutOfMemory | undefined {
  for (const pattern of NAMED) {
    const name = pattern.exec(message)?.[1]
    if (name !== undefined) return { device: deviceOfBuffer(name) }
  }
  const numbered = BY_NUMBER.exec(message)
  if (numbered !== null) {
    return { device: `${PREFIXES[numbered[2]?.toLowerCase() ?? '']}${numbered[1]}` }
  }
  return UNNAMED.some((pattern) => pattern.test(message)) ? { device: undefined } : undefined
}

/** The device a buffer lies on, by the names of both; those on the host are main memory, split ones such as `CUDA0_Split`. */
function deviceOfBuffer(buffer: string): string {
  if (isHostBuffer(buffer)) return RAM
  return buffer.replace(/_(?:Split|Mapped|Private)$/, '')
}

/** A cache in blocks needs flash attention, which not every device has for every model (src/llama-context.cpp). */
export const lacksFlashAttention = (message: string): boolean =>
  /quantized V cache|V cache quantization|requires? flash[ _]att/i.test(message)
