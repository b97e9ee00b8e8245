/** Graphics cards as Linux lists them in /sys/class/drm. */
import type { Readers } from './readers.ts'
import { pciAddress, pciId, wholeNumber } from './value.ts'

const DRM = '/sys/class/drm'
const MAX_CARDS = 64

export interface PciCard {
  /** Such as `/sys/class/drm/card0`. */
  path: string
  /** `1002:744c`. */
  pciId: string
  pciAddress?: string
  revision?: string
  /** The kernel's driver: `amdgpu`, `i915`, `xe`. */
  driver?: string
  /** Reads a file of the card's PCI device. */
  text(file: string): Promise<string | undefined>
}

/** The cards of a vendor (`0x1002`), in the order of their numbers. */
export async function pciCards(readers: Readers, vendor: string): Promise<PciCard[]> {
  const names = (await readers.list(DRM))
    .filter((name) => /^card\d{1,3}$/.test(name))
    .sort((one, other) => Number(one.slice(4)) - Number(other.slice(4)))
    .slice(0, MAX_CARDS)
  const cards = await Promise.all(names.map((name) => pciCard(readers, `${DRM}/${name}`)))
  return cards.filter((card) => card?.pciId.startsWith(`${vendor.slice(2)}:`) === true) as PciCard[]
}

async function pciCard(readers: Readers, path: string): Promise<PciCard | undefined> {
  const text = (file: string) => readers.readText(`${path}/device/${file}`)
  const id = pciId(await text('vendor'), await text('device'))
  if (id === undefined) return undefined
  const events = (await text('uevent')) ?? ''
  const address = pciAddress(/^PCI_SLOT_NAME=(.*)$/m.exec(events)?.[1])
  const driver = /^DRIVER=([\w-]+)$/m.exec(events)?.[1]
  const revision = /^0x([\da-f]{2})$/i.exec((await text('revision'))?.trim() ?? '')?.[1]
  return {
    path,
    pciId: id,
    text,
    ...(address === undefined ? {} : { pciAddress: address }),
    ...(driver === undefined ? {} : { driver }),
    ...(revision === undefined ? {} : { revision }),
  }
}

/** Lines `key number`, as KFD writes them; others are left out. */
export function parseProperties(text: string | undefined): Map<string, number> {
  const properties = new Map<string, number>()
  for (const line of (text ?? '').split('\n')) {
    const [, key, value] = /^(\w+) (\d+)$/.exec(line.trim()) ?? []
    const number = wholeNumber(value)
    if (key !== undefined && number !== undefined) properties.set(key, number)
  }
  return properties
}
