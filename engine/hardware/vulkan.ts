/** What Vulkan sees, where its tool is installed. It tells names and order, but no memory. */
import type { Readers } from './readers.ts'
import type { Device, Vendor } from './types.ts'
import { known, pciId, plainText } from './value.ts'

export interface VulkanGpu {
  /** As GGML_VK_VISIBLE_DEVICES counts. */
  index: number
  name: string
  type: 'discrete' | 'integrated' | 'virtual' | 'cpu' | 'other'
  pciId?: string
  /** Where the driver is NVIDIA's the same as nvidia-smi's, without `GPU-`. */
  uuid?: string
  driver?: string
}

const TYPES: Readonly<Record<string, VulkanGpu['type']>> = {
  PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: 'discrete',
  PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: 'integrated',
  PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: 'virtual',
  PHYSICAL_DEVICE_TYPE_CPU: 'cpu',
}
const VENDORS: Readonly<Record<string, Vendor>> = {
  '10de': 'nvidia',
  '1002': 'amd',
  '8086': 'intel',
  '106b': 'apple',
}
const MAX_GPUS = 64

/** Output of `vulkaninfo --summary`. A section without a name is left out. */
export function parseVulkanSummary(text: string): VulkanGpu[] {
  const sections = text.split(/^GPU(\d{1,3}):\s*$/m)
  const gpus: VulkanGpu[] = []
  for (let at = 1; at + 1 < sections.length && gpus.length < MAX_GPUS; at += 2) {
    const body = sections[at + 1] ?? ''
    const value = (key: string) => plainText(new RegExp(`^\\s+${key}\\s*= (.*)$`, 'm').exec(body)?.[1])
    const name = value('deviceName')
    if (name === undefined) continue
    gpus.push({
      index: Number(sections[at]),
      name,
      type: TYPES[value('deviceType') ?? ''] ?? 'other',
      ...known({
        pciId: pciId(value('vendorID'), value('deviceID')),
        uuid: /^[\da-f-]{36}$/i.exec(value('deviceUUID') ?? '')?.[0],
        driver: plainText([value('driverName'), value('driverInfo')].filter(Boolean).join(' ')),
      }),
    })
  }
  return gpus
}

/** Adds what Vulkan knows to devices found otherwise, and those that only Vulkan sees. */
export async function withVulkan(
  readers: Readers,
  found: readonly Device[],
): Promise<{ devices: Device[]; notes: string[] }> {
  const answer = await readers.run('vulkaninfo', ['--summary'])
  const gpus = parseVulkanSummary(answer.text)
  if (gpus.length === 0) {
    return {
      devices: [...found],
      notes: [`Vulkan was not asked: vulkaninfo: ${answer.failure ?? 'it named no GPU'}`],
    }
  }
  const devices = [...found]
  const notes: string[] = []
  const taken = new Set<number>()
  for (const gpu of gpus) {
    if (gpu.type === 'cpu') {
      notes.push(`Vulkan's ${gpu.name} is the processor, not a GPU`)
      continue
    }
    const at = devices.findIndex((device, place) => !taken.has(place) && isSame(device, gpu))
    const same = devices[at]
    taken.add(same === undefined ? devices.length : at)
    if (same === undefined) devices.push(deviceOf(gpu, devices))
    else devices[at] = merged(same, gpu)
  }
  return { devices, notes }
}

const isSame = ({ uuid, pciId }: Device, gpu: VulkanGpu): boolean =>
  (uuid !== undefined && uuid.toLowerCase() === `gpu-${gpu.uuid?.toLowerCase()}`) ||
  (pciId !== undefined && pciId === gpu.pciId)

/** Names from numbers give way to the name that Vulkan's driver has. */
const merged = (device: Device, { index, name }: VulkanGpu): Device => ({
  ...device,
  vulkanIndex: index,
  name: device.name.endsWith(device.pciId ?? '?') || /^gfx[\da-f]+$/.test(device.name) ? name : device.name,
})

function deviceOf({ index, name, type, pciId, driver }: VulkanGpu, others: readonly Device[]): Device {
  return {
    kind: 'vulkan',
    vendor: VENDORS[pciId?.slice(0, 4) ?? ''] ?? 'other',
    index: others.filter(({ kind }) => kind === 'vulkan').length,
    name,
    isUnified: type === 'integrated',
    vulkanIndex: index,
    ...known({ pciId, driver }),
  }
}
