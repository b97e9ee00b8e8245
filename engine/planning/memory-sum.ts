import type { MemoryByDevice } from './types.ts'

/** Memory of several together. */
export function sumOf(memories: readonly MemoryByDevice[]): MemoryByDevice {
  const sum: Record<string, number> = {}
  for (const [device, bytes] of memories.flatMap((memory) => Object.entries(memory))) {
    sum[device] = (sum[device] ?? 0) + bytes
  }
  return sum
}
