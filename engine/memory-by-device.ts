import type { BufferSize } from './backend.ts'
import { isHostBuffer } from './llama/buffers.ts'
import { type MemoryByDevice, RAM } from './planning/types.ts'

/** What a runner has taken, by where it lies. Buffers that a GPU's driver pins on the host are main memory. */
export function memoryByDevice(buffers: readonly BufferSize[]): MemoryByDevice {
  const sums: Record<string, number> = {}
  for (const { device, bytes } of buffers) {
    const where = isHostBuffer(device) ? RAM : device
    sums[where] = (sums[where] ?? 0) + bytes
  }
  return sums
}
