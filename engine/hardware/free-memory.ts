import { memoryOf } from './amd.ts'
import { parseNvidiaFree, runNvidiaSmi } from './nvidia.ts'
import { readRam } from './ram.ts'
import type { Readers } from './readers.ts'
import type { Device, Hardware, RamReading } from './types.ts'

/** nvidia-smi takes 20 ms and more; loads that are decided together share one answer. */
const NVIDIA_CACHE_MS = 500

export interface FreeMemory {
  ram: RamReading
  /** In the order of the hardware's devices; undefined where nobody tells. */
  freeBytes: (number | undefined)[]
}

/**
 * What is free now on the devices of `hardware`: cheap enough to ask before every load. A driver that stops answering
 * makes its devices' memory unknown; an old figure is never given for a new one.
 */
export function createFreeMemory(
  readers: Readers,
  hardware: Pick<Hardware, 'devices'>,
  now: () => number = () => performance.now(),
): () => Promise<FreeMemory> {
  const nvidia = cached(NVIDIA_CACHE_MS, now, async () => {
    const answer = await runNvidiaSmi(readers, [
      '--query-gpu=uuid,memory.free',
      '--format=csv,noheader,nounits',
    ])
    return parseNvidiaFree(answer.text)
  })
  const freeOf = async (device: Device, ram: RamReading): Promise<number | undefined> => {
    if (device.kind === 'cpu') return ram.availableBytes
    if (device.isUnified) return Math.min(device.totalBytes ?? ram.totalBytes, ram.availableBytes)
    if (device.vendor === 'nvidia') return (await nvidia()).get(device.uuid ?? '')
    if (device.vendor === 'amd' && device.pciAddress !== undefined) return amdFree(readers, device.pciAddress)
    return undefined
  }
  return async () => {
    const ram = await readRam(readers)
    return { ram, freeBytes: await Promise.all(hardware.devices.map((device) => freeOf(device, ram))) }
  }
}

async function amdFree(readers: Readers, pciAddress: string): Promise<number | undefined> {
  const folder = `/sys/bus/pci/devices/${pciAddress}`
  const [total, used] = await Promise.all([
    readers.readText(`${folder}/mem_info_vram_total`),
    readers.readText(`${folder}/mem_info_vram_used`),
  ])
  return memoryOf(total, used).freeBytes
}

/** `read` at most once in `ms`; callers that come while it runs wait for the same answer. */
function cached<T>(ms: number, now: () => number, read: () => Promise<T>): () => Promise<T> {
  let last: { at: number; value: Promise<T> } | undefined
  return () => {
    if (last === undefined || now() - last.at >= ms) last = { at: now(), value: read() }
    return last.value
  }
}
