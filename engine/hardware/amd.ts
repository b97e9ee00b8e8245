/** AMD on Linux, by what the kernel's drivers amdgpu and amdkfd (ROCm's) put into /sys. */
import { knownDevice } from './device-table.ts'
import { type KfdNode, kfdNodes } from './kfd.ts'
import { type PciCard, pciCards } from './pci-cards.ts'
import type { Readers } from './readers.ts'
import type { Device, Found } from './types.ts'
import { byteCount, known, plainText } from './value.ts'

const VENDOR = '0x1002'
const NAMES = '/usr/share/libdrm/amdgpu.ids'
/** Of graphics in a processor, when nobody changed what the firmware sets aside for it. Cards have more. */
const USUAL_CARVE_OUT = 2 ** 30

export async function probeAmd(readers: Readers): Promise<Found> {
  const cards = await pciCards(readers, VENDOR)
  if (cards.length === 0) return { devices: [], notes: ['no AMD GPU: /sys/class/drm has none'] }
  const nodes = await kfdNodes(readers)
  const names = await readers.readText(NAMES)
  const notes: string[] = []
  if (nodes.length === 0) {
    notes.push(
      'ROCm cannot be used: /sys/class/kfd has no GPU (the module amdkfd, or access to /dev/kfd, is missing)',
    )
  }
  const pretended = gfxOverride(readers.variables.HSA_OVERRIDE_GFX_VERSION)
  if (pretended !== undefined && nodes.length > 0) {
    notes.push(`HSA_OVERRIDE_GFX_VERSION makes ROCm take every AMD GPU for ${pretended}`)
  }
  const devices: Device[] = []
  for (const card of cards) {
    const node = nodes.find(({ pciAddress }) => pciAddress !== undefined && pciAddress === card.pciAddress)
    const kind = node === undefined ? 'vulkan' : 'rocm'
    const index = devices.filter((device) => device.kind === kind).length
    const facts = await describe(card, node, names)
    const gfx = node === undefined ? undefined : pretended
    devices.push({ kind, vendor: 'amd', index, ...facts, ...known({ gfx: gfx ?? facts.gfx }) })
    if (card.driver !== undefined && card.driver !== 'amdgpu') {
      notes.push(`${card.pciAddress} is driven by ${card.driver}: memory is told by amdgpu only`)
    }
  }
  return { devices, notes }
}

/** `11.0.0` is gfx1100. */
export function gfxOverride(version: string | undefined): string | undefined {
  const [, major, minor, step] = /^(\d{1,2})\.(\d{1,2})\.(\d{1,2})$/.exec(version ?? '') ?? []
  if (major === undefined) return undefined
  return `gfx${major}${Number(minor).toString(16)}${Number(step).toString(16)}`
}

async function describe(
  card: PciCard,
  node: KfdNode | undefined,
  names: string | undefined,
): Promise<Omit<Device, 'kind' | 'vendor' | 'index'>> {
  const product = plainText(await card.text('product_name'))
  const name = product ?? amdName(names, card) ?? node?.gfx
  const vram = await memory(card, 'vram')
  const gtt = await memory(card, 'gtt')
  const isIntegrated =
    node?.isApu === true ||
    knownDevice(name ?? '')?.isUnified === true ||
    knownDevice(node?.gfx ?? '')?.isUnified === true ||
    (vram.totalBytes ?? Number.POSITIVE_INFINITY) <= USUAL_CARVE_OUT
  // The firmware sets a piece of main memory aside, which the system no longer counts, and lets the GPU map more of
  // it, GTT. Models go where there is more.
  const isUnified = isIntegrated && (gtt.totalBytes ?? 0) > (vram.totalBytes ?? 0)
  const { totalBytes, freeBytes } = isUnified ? gtt : vram
  return {
    name: name ?? `AMD GPU ${card.pciId}`,
    isUnified,
    pciId: card.pciId,
    ...known({
      totalBytes,
      freeBytes,
      pciAddress: card.pciAddress,
      gfx: node?.gfx,
      uuid: node?.uuid,
      driver: card.driver,
      // The kinds of memory that KFD's figures hold for are those of cards.
      bandwidth: isIntegrated ? undefined : node?.bandwidth,
    }),
  }
}

interface Memory {
  totalBytes?: number
  freeBytes?: number
}

async function memory(card: PciCard, kind: 'vram' | 'gtt'): Promise<Memory> {
  return memoryOf(await card.text(`mem_info_${kind}_total`), await card.text(`mem_info_${kind}_used`))
}

/** Total and free bytes from what sysfs has of total and used ones. */
export function memoryOf(total: string | undefined, used: string | undefined): Memory {
  const totalBytes = byteCount(total)
  if (totalBytes === undefined) return {}
  const usedBytes = byteCount(used)
  return {
    totalBytes,
    ...(usedBytes === undefined ? {} : { freeBytes: Math.max(0, totalBytes - usedBytes) }),
  }
}

/** The product's name in libdrm's list: `744C, C8, AMD Radeon RX 7900 XTX`, product and revision in hexadecimal. */
export function amdName(
  list: string | undefined,
  { pciId, revision }: Pick<PciCard, 'pciId' | 'revision'>,
): string | undefined {
  const product = pciId.slice(5)
  for (const line of (list ?? '').split('\n')) {
    const [, id, version, name] = /^([\da-f]{4}),\s*([\da-f]{1,2}),\s*(.+)$/i.exec(line) ?? []
    if (id?.toLowerCase() === product && version?.toLowerCase() === revision?.toLowerCase())
      return plainText(name)
  }
  return undefined
}
