/** NVIDIA's boards with one memory for processor and GPU: Jetson. Older ones have no nvidia-smi. */
import type { Readers } from './readers.ts'
import type { Device } from './types.ts'
import { plainText } from './value.ts'

/** The GPU of a board whose device tree names an NVIDIA Tegra chip. Its memory is the machine's. */
export async function tegraDevice(readers: Readers): Promise<Device | undefined> {
  const compatible = (await readers.readText('/proc/device-tree/compatible')) ?? ''
  // Strings that each end with a zero byte, the board first and the chip last.
  if (!compatible.split('\0').some((one) => /^nvidia,tegra\d+$/.test(one))) return undefined
  const model = plainText(await readers.readText('/proc/device-tree/model'))
  const { totalBytes, freeBytes } = readers.system()
  return {
    kind: 'cuda',
    vendor: 'nvidia',
    index: 0,
    name: model ?? 'NVIDIA Jetson',
    totalBytes,
    freeBytes,
    isUnified: true,
  }
}
