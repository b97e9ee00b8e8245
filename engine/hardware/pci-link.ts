/** How fast a card can be reached, as the kernel of Linux tells. */
import type { Readers } from './readers.ts'
import { wholeNumber } from './value.ts'

/**
 * Share of what a link could carry that copies of mapped weights reach, which pass through a pinned buffer on their
 * way: 15 of 31.5 GB/s, as engine/fit/prefill-speed.ts has it for PCI Express 4.0 with 16 lanes.
 */
const COPY_SHARE = 15 / 31.5
const BITS_PER_BYTE = 8
/** From the third generation of PCIe on, which is 8 GT/s, 130 bits carry 128; before, 10 carried 8. */
const THIRD_GENERATION = 8

/**
 * Bytes a second that copies between main memory and the card at a PCI address reach, by the width in use and by the
 * best rate that card and slot both have: what is in use falls while the card sleeps. Undefined where nobody tells.
 */
export async function linkBandwidth(readers: Readers, address: string): Promise<number | undefined> {
  const folder = `/sys/bus/pci/devices/${address}`
  const [card, slot, width] = await Promise.all([
    readers.readText(`${folder}/max_link_speed`),
    // The folder is a link: its parent is the slot's.
    readers.readText(`${folder}/../max_link_speed`),
    readers.readText(`${folder}/current_link_width`),
  ])
  const rates = [card, slot].map(transfers).filter((rate) => rate !== undefined)
  const lanes = wholeNumber(width)
  if (rates.length === 0 || lanes === undefined || lanes < 1 || lanes > 32) return undefined
  const rate = Math.min(...rates)
  const payload = rate >= THIRD_GENERATION ? 128 / 130 : 8 / 10
  return ((rate * 1e9 * lanes * payload) / BITS_PER_BYTE) * COPY_SHARE
}

/** 10^9 transfers a second and lane in `16.0 GT/s PCIe`; `Unknown` is none. */
function transfers(text: string | undefined): number | undefined {
  const rate = Number(/^(\d{1,3}(?:\.\d)?) GT\/s/.exec(text?.trim() ?? '')?.[1])
  return rate > 0 ? rate : undefined
}
