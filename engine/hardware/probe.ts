import { probeAmd } from './amd.ts'
import { probeApple } from './apple.ts'
import { readCpu } from './cpu.ts'
import { withTableFacts } from './device-table.ts'
import { probeIntel } from './intel.ts'
import { applyMasks } from './masks.ts'
import { probeNvidia } from './nvidia.ts'
import { readRam } from './ram.ts'
import type { Readers } from './readers.ts'
import type { Bandwidth, CpuReading, Device, Found, Hardware, RamReading } from './types.ts'
import { withVulkan } from './vulkan.ts'
import { probeWindows } from './windows.ts'

/**
 * What the machine is made of. Never throws: what a tool does not tell is absent and has a note. It runs the vendors'
 * tools, which takes from milliseconds to seconds; what changes afterwards is free memory, see `createFreeMemory`.
 * The bandwidth of main memory is known only where it is a GPU's too: elsewhere measure it, see `withMeasuredRam`.
 */
export async function probeHardware(readers: Readers): Promise<Hardware> {
  const [memory, cpu, gpus] = await Promise.all([readRam(readers), readCpu(readers), probeGpus(readers)])
  const masked = applyMasks(gpus.devices.map(withTableFacts), readers.variables)
  const bandwidth = sharedBandwidth(masked.devices)
  const ram = bandwidth === undefined ? memory : { ...memory, bandwidth }
  return {
    devices: [...masked.devices, cpuDevice(cpu, ram)],
    ram,
    cpu,
    notes: [...gpus.notes, ...masked.notes, ...memoryNotes(ram, cpu)],
  }
}

/** The same hardware, with what `measureRamBandwidth` said. */
export function withMeasuredRam(hardware: Hardware, gbPerSecond: number): Hardware {
  const bandwidth: Bandwidth = { gbPerSecond, source: 'measured' }
  return {
    ...hardware,
    ram: { ...hardware.ram, bandwidth },
    devices: hardware.devices.map((device) => (device.kind === 'cpu' ? { ...device, bandwidth } : device)),
  }
}

/** What the table says of a chip whose GPU has the same memory. */
const sharedBandwidth = (devices: readonly Device[]): Bandwidth | undefined =>
  devices.find(({ isUnified, bandwidth }) => isUnified && bandwidth?.source === 'table')?.bandwidth

async function probeGpus(readers: Readers): Promise<Found> {
  if (readers.platform === 'darwin') return probeApple(readers)
  if (readers.platform === 'win32') return probeWindowsGpus(readers)
  if (readers.platform !== 'linux') {
    return { devices: [], notes: [`no GPU: there is no way here to ask ${readers.platform} for one`] }
  }
  const found = await Promise.all([probeNvidia(readers), probeAmd(readers), probeIntel(readers)])
  const numbered = countedByKind(found.flatMap(({ devices }) => devices))
  const { devices, notes } = await withVulkan(readers, numbered)
  return { devices, notes: [...found.flatMap((one) => one.notes), ...notes] }
}

/** NVIDIA's own tool knows more of its cards than Windows does; what it named is not named again. */
async function probeWindowsGpus(readers: Readers): Promise<Found> {
  const [nvidia, adapters] = await Promise.all([probeNvidia(readers), probeWindows(readers)])
  const isTold = adapters.devices.some(({ vendor }) => vendor === 'nvidia') && nvidia.devices.length > 0
  const others = adapters.devices.filter(({ vendor }) => !(isTold && vendor === 'nvidia'))
  return {
    devices: countedByKind([...nvidia.devices, ...others]),
    notes: [...nvidia.notes, ...adapters.notes],
  }
}

/** AMD's and Intel's cards are both Vulkan's: places count through. */
function countedByKind(devices: readonly Device[]): Device[] {
  const places = new Map<string, number>()
  return devices.map((device) => {
    const index = places.get(device.kind) ?? 0
    places.set(device.kind, index + 1)
    return { ...device, index }
  })
}

function cpuDevice({ name }: CpuReading, { totalBytes, availableBytes, bandwidth }: RamReading): Device {
  return {
    kind: 'cpu',
    vendor: 'other',
    index: 0,
    name,
    totalBytes,
    freeBytes: availableBytes,
    isUnified: false,
    ...(bandwidth === undefined ? {} : { bandwidth }),
  }
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`

function memoryNotes({ limitBytes, swap }: RamReading, { numaNodes }: CpuReading): string[] {
  const withMemory = numaNodes.filter(({ totalBytes = 0 }) => totalBytes > 0)
  return [
    ...(limitBytes === undefined ? [] : [`the control group allows ${gib(limitBytes)} of main memory`]),
    ...(swap === undefined || swap.totalBytes === 0
      ? []
      : [`${gib(swap.totalBytes)} of swap are not counted`]),
    ...(withMemory.length < 2
      ? []
      : [`${withMemory.length} memory nodes: weights on another node than the cores are read more slowly`]),
  ]
}
