/** The devices ROCm can use: nodes of the kernel's KFD topology. */
import { parseProperties } from './pci-cards.ts'
import type { Readers } from './readers.ts'
import type { Bandwidth } from './types.ts'

const NODES = '/sys/class/kfd/kfd/topology/nodes'
const MAX_NODES = 256

export interface KfdNode {
  /** Such as `gfx1100`. */
  gfx: string
  pciAddress?: string
  /** As ROCR_VISIBLE_DEVICES takes it. */
  uuid?: string
  /** Processor and GPU in one: memory is shared. */
  isApu: boolean
  bandwidth?: Bandwidth
}

/** GPUs in the order of their numbers, which is that of ROCm; processors are left out. */
export async function kfdNodes(readers: Readers): Promise<KfdNode[]> {
  const numbers = (await readers.list(NODES))
    .filter((name) => /^\d{1,4}$/.test(name))
    .sort((one, other) => Number(one) - Number(other))
    .slice(0, MAX_NODES)
  const nodes = await Promise.all(
    numbers.map(async (number) =>
      parseKfdNode(
        await readers.readText(`${NODES}/${number}/properties`),
        await readers.readText(`${NODES}/${number}/mem_banks/0/properties`),
      ),
    ),
  )
  return nodes.flatMap((node) => node ?? [])
}

/** One node's `properties` and those of its first memory bank; undefined for a processor. */
export function parseKfdNode(text: string | undefined, bank: string | undefined): KfdNode | undefined {
  const properties = parseProperties(text)
  const value = (key: string) => properties.get(key) ?? 0
  const version = value('gfx_target_version')
  if (value('simd_count') === 0 || version === 0 || version > 999_999) return undefined
  const location = properties.get('location_id')
  const bandwidth = bankBandwidth(bank)
  const uuid = uniqueId(text)
  return {
    gfx: gfxName(version),
    // Cores of a processor on the node of a GPU: an APU (kfd_topology.h).
    isApu: value('cpu_cores_count') > 0,
    ...(location === undefined ? {} : { pciAddress: addressOf(value('domain'), location) }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
  }
}

/** 110000 is gfx1100, 90010 is gfx90a: major, minor and stepping of two digits each, the last in hexadecimal. */
function gfxName(version: number): string {
  const major = Math.floor(version / 10_000)
  const minor = Math.floor(version / 100) % 100
  return `gfx${major}${minor.toString(16)}${(version % 100).toString(16)}`
}

function addressOf(domain: number, location: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  return `${hex(domain & 0xffff, 4)}:${hex((location >> 8) & 0xff, 2)}:${hex((location >> 3) & 0x1f, 2)}.${location & 7}`
}

/** A number of 64 bits, which ROCm writes as 16 hexadecimal digits. */
function uniqueId(text: string | undefined): string | undefined {
  const [, digits] = /^unique_id (\d{1,20})$/m.exec(text ?? '') ?? []
  if (digits === undefined || BigInt(digits) === 0n) return undefined
  return `GPU-${BigInt.asUintN(64, BigInt(digits)).toString(16).padStart(16, '0')}`
}

/** From here on the bus is that of stacked memory. */
const HBM_WIDTH = 1024

/**
 * Bus width in bits and clock in MHz. GDDR6 moves 16 times a clock what its width is, stacked memory twice: 384 bits at
 * 1249 MHz are 959 GB/s in an RX 7900 XTX, 4096 at 1600 are 1638 in an MI210.
 */
export function bankBandwidth(text: string | undefined): Bandwidth | undefined {
  const bank = parseProperties(text)
  const width = bank.get('width') ?? 0
  const clock = bank.get('mem_clk_max') ?? 0
  if (width < 32 || width > 16_384 || clock < 100 || clock > 20_000) return undefined
  const perClock = width >= HBM_WIDTH ? 2 : 16
  return { gbPerSecond: Math.round(((width / 8) * clock * perClock) / 1000), source: 'driver' }
}
