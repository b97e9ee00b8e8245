import os from 'node:os'
import { cgroupFreeMemory, type ReadText, readSystemFile } from './cgroup.ts'

/**
 * Bytes of main memory that can be taken without swapping: what the machine has and what this process's control
 * group allows, whichever is less. `hostFree` counts pages that the system would give up for it, as
 * `os.freemem` does on Linux (MemAvailable).
 */
export function availableMemory(read: ReadText = readSystemFile, hostFree: number = os.freemem()): number {
  return Math.min(hostFree, cgroupFreeMemory(read))
}
