import type { Runner } from '../backend.ts'
import { memoryByDevice } from '../memory-by-device.ts'
import type { MemoryByDevice, Occupancy, PlannedLoad } from './types.ts'

/** Models in memory, as far as planning another one goes. */
export interface Occupant {
  runner: Pick<Runner, 'info'> | undefined
  planned: PlannedLoad | undefined
  isRetiring: boolean
}

/** What others hold, will hold and are about to give back. */
export function occupancyOf(others: readonly Occupant[]): Occupancy {
  const taken = (some: readonly Occupant[]) =>
    sumOf(
      some.map(({ runner, planned }) =>
        runner ? memoryByDevice(runner.info.buffers) : (planned?.needs ?? {}),
      ),
    )
  const loaded = others.filter(({ runner }) => runner !== undefined)
  return {
    staying: taken(loaded.filter(({ isRetiring }) => !isRetiring)),
    loading: taken(others.filter(({ runner }) => runner === undefined)),
    leaving: taken(loaded.filter(({ isRetiring }) => isRetiring)),
  }
}

/** Memory of several together. */
export function sumOf(memories: readonly MemoryByDevice[]): MemoryByDevice {
  const sum: Record<string, number> = {}
  for (const [device, bytes] of memories.flatMap((memory) => Object.entries(memory))) {
    sum[device] = (sum[device] ?? 0) + bytes
  }
  return sum
}
