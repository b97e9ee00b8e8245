/** Intel's graphics on Linux. llama.cpp drives them through Vulkan. */
import { type PciCard, pciCards } from './pci-cards.ts'
import type { Readers } from './readers.ts'
import type { Device, Found } from './types.ts'
import { byteCount, known } from './value.ts'

const VENDOR = '0x8086'
const MAX_TILES = 4

/** Cards; the kernel prints no names. From the kernel's list of ids, include/drm/intel/pciids.h. */
const NAMES: Readonly<Record<string, string>> = {
  '8086:56a0': 'Intel Arc A770',
  '8086:56a1': 'Intel Arc A750',
  '8086:56a2': 'Intel Arc A580',
  '8086:56a5': 'Intel Arc A380',
  '8086:e20b': 'Intel Arc B580',
  '8086:e20c': 'Intel Arc B570',
}

export async function probeIntel(readers: Readers): Promise<Found> {
  const cards = await pciCards(readers, VENDOR)
  if (cards.length === 0) return { devices: [], notes: ['no Intel GPU: /sys/class/drm has none'] }
  const devices = await Promise.all(cards.map((card, index) => describe(readers, card, index)))
  const notes = devices
    .filter(({ totalBytes }) => totalBytes === undefined)
    .map(({ name }) => `${name}: its driver tells no size of memory, the engine has to`)
  return { devices, notes }
}

async function describe(readers: Readers, card: PciCard, index: number): Promise<Device> {
  const localBytes = await localMemory(readers, card)
  const name = NAMES[card.pciId]
  // Only cards have memory of their own; no driver tells how much of it is free.
  const isUnified = localBytes === undefined && name === undefined
  return {
    kind: 'vulkan',
    vendor: 'intel',
    index,
    name: name ?? `Intel graphics ${card.pciId}`,
    isUnified,
    pciId: card.pciId,
    ...known({
      totalBytes: isUnified ? readers.system().totalBytes : localBytes,
      freeBytes: isUnified ? readers.system().freeBytes : undefined,
      pciAddress: card.pciAddress,
      driver: card.driver,
    }),
  }
}

/** Memory on the card: the driver xe tells it for each tile, i915 only as Intel ships it. */
async function localMemory(readers: Readers, card: PciCard): Promise<number | undefined> {
  const whole = byteCount(await readers.readText(`${card.path}/lmem_total_bytes`))
  if (whole !== undefined) return whole
  const tiles = await Promise.all(
    Array.from({ length: MAX_TILES }, async (_, tile) => {
      const folder = `tile${tile}`
      const text = (await card.text(`${folder}/physical_vram_size_bytes`)) ?? ''
      // Hexadecimal with 0x, in some kernels decimal.
      const hexadecimal = /^0x([\da-f]{1,12})$/i.exec(text.trim())?.[1]
      return hexadecimal === undefined ? byteCount(text) : byteCount(String(Number.parseInt(hexadecimal, 16)))
    }),
  )
  const bytes = tiles.reduce<number>((sum, tile) => sum + (tile ?? 0), 0)
  return bytes > 0 ? bytes : undefined
}
