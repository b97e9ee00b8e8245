import { parseVmStat } from './apple.ts'
import { cgroupFreeMemory, cgroupMemoryLimit, cgroupSwapLimit } from './cgroup.ts'
import type { Readers } from './readers.ts'
import { controlGroups } from './snapshot.ts'
import type { RamReading } from './types.ts'
import { kibibytes } from './value.ts'

interface Meminfo {
  totalBytes?: number
  availableBytes?: number
  swap?: { totalBytes: number; freeBytes: number }
}

/** /proc/meminfo. MemAvailable counts what the kernel would give up, cached files above all. */
export function parseMeminfo(text: string): Meminfo {
  const size = (key: string) => kibibytes(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1])
  const totalBytes = size('MemTotal')
  const availableBytes = size('MemAvailable')
  const swapBytes = size('SwapTotal')
  return {
    ...(totalBytes === undefined ? {} : { totalBytes }),
    ...(availableBytes === undefined ? {} : { availableBytes }),
    ...(swapBytes === undefined ? {} : { swap: { totalBytes: swapBytes, freeBytes: size('SwapFree') ?? 0 } }),
  }
}

/** Main memory as of now, within what the control group allows. */
export async function readRam(readers: Readers): Promise<RamReading> {
  const { totalBytes, freeBytes } = readers.system()
  if (readers.platform === 'darwin') {
    const available = parseVmStat((await readers.run('/usr/bin/vm_stat', [])).text)
    return { totalBytes, availableBytes: Math.min(totalBytes, available ?? freeBytes) }
  }
  if (readers.platform !== 'linux') return { totalBytes, availableBytes: freeBytes }
  const host = parseMeminfo((await readers.readText('/proc/meminfo')) ?? '')
  const groups = await controlGroups(readers)
  const limit = cgroupMemoryLimit(groups)
  const swapLimit = cgroupSwapLimit(groups)
  const total = host.totalBytes ?? totalBytes
  return {
    totalBytes: Math.min(total, limit),
    availableBytes: Math.min(host.availableBytes ?? freeBytes, cgroupFreeMemory(groups), limit),
    ...(limit < total ? { limitBytes: limit } : {}),
    ...(host.swap === undefined
      ? {}
      : {
          swap: {
            totalBytes: Math.min(host.swap.totalBytes, swapLimit),
            freeBytes: Math.min(host.swap.freeBytes, swapLimit),
          },
        }),
  }
}
