/** Apple's chips: one memory, of which Metal takes a part. */
import { z } from 'zod'
import { knownDevice } from './device-table.ts'
import type { Readers } from './readers.ts'
import type { Bandwidth, Device, Found } from './types.ts'
import { byteCount, known, mebibytes, plainText, wholeNumber } from './value.ts'

const GIB = 2 ** 30
const SYSCTL_KEYS = [
  'machdep.cpu.brand_string',
  'hw.memsize',
  'iogpu.wired_limit_mb',
  'hw.physicalcpu',
  'hw.perflevel0.physicalcpu',
  'hw.optional.arm.FEAT_DotProd',
  'hw.optional.arm.FEAT_I8MM',
  'hw.optional.arm.FEAT_BF16',
  'hw.optional.arm.FEAT_SME',
]

/** Keys that the system has, with their values: lines `key: value`. */
export function parseSysctl(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key, value] = /^(\w+(?:\.\w+)+): (.*)$/.exec(line) ?? []
    const plain = plainText(value)
    if (key !== undefined && plain !== undefined) values.set(key, plain)
  }
  return values
}

/** Unknown keys make sysctl fail, but it prints the others. */
export const readSysctl = async (readers: Readers): Promise<Map<string, string>> =>
  parseSysctl((await readers.run('/usr/sbin/sysctl', SYSCTL_KEYS)).text)

/**
 * Bytes Metal lets a program use, its recommendedMaxWorkingSetSize, when nobody raised it: two thirds of memories up to
 * 36 GiB, three quarters of larger ones. Newer systems give more: the engine knows better.
 */
export function metalLimit(memoryBytes: number, wiredLimitMib: string | undefined): number {
  const set = mebibytes(wiredLimitMib)
  if (set !== undefined && set > 0) return Math.min(set, memoryBytes)
  return memoryBytes <= 36 * GIB ? Math.floor((memoryBytes / 3) * 2) : Math.floor((memoryBytes / 4) * 3)
}

/** Bytes that can be had without swapping, from `vm_stat`. */
export function parseVmStat(text: string): number | undefined {
  const pageBytes = wholeNumber(/page size of (\d+) bytes/.exec(text)?.[1])
  const pages = ['free', 'inactive', 'purgeable', 'speculative'].map((kind) =>
    wholeNumber(new RegExp(`^Pages ${kind}:\\s+(\\d+)\\.$`, 'm').exec(text)?.[1]),
  )
  if (pageBytes === undefined || pages[0] === undefined) return undefined
  const sum = pages.reduce<number>((total, count) => total + (count ?? 0), 0)
  return byteCount(String(sum * pageBytes))
}

const Displays = z.object({
  SPDisplaysDataType: z.array(
    z.object({ sppci_model: z.string().optional(), sppci_cores: z.string().optional() }),
  ),
})

/** GPU cores, from `system_profiler SPDisplaysDataType -json`; undefined for anything else. */
export function parseGpuCores(text: string): number | undefined {
  try {
    const { SPDisplaysDataType } = Displays.parse(JSON.parse(text))
    return SPDisplaysDataType.map(({ sppci_cores }) => wholeNumber(sppci_cores)).find(
      (cores) => cores !== undefined,
    )
  } catch {
    // Not JSON, or of another shape: the cores are unknown, as where the tool is missing.
    return undefined
  }
}

/** Chips sold with fewer GPU cores and a narrower bus: cores of the full one, GB/s by cores of the others. */
const BINNED: Readonly<Record<string, { full: number; narrow: Readonly<Record<number, number>> }>> = {
  // Technical specifications of MacBook Pro (2023 and 2024) and Mac Studio (2025).
  'apple-m3-max': { full: 40, narrow: { 30: 300 } },
  'apple-m4-max': { full: 40, narrow: { 32: 410 } },
  'apple-m5-max': { full: 40, narrow: {} },
}

/** The bandwidth of a chip that comes in several widths; undefined lets the table speak. */
function binnedBandwidth(name: string, cores: number | undefined): Bandwidth | 'unsure' | undefined {
  const binned = BINNED[knownDevice(name)?.id ?? '']
  if (binned === undefined || cores === binned.full) return undefined
  const gbPerSecond = cores === undefined ? undefined : binned.narrow[cores]
  return gbPerSecond === undefined ? 'unsure' : { gbPerSecond, source: 'table' }
}

export async function probeApple(readers: Readers): Promise<Found> {
  if (readers.architecture !== 'arm64') {
    return { devices: [], notes: ['no GPU: llama.cpp uses Metal on Apple silicon only'] }
  }
  const values = await readSysctl(readers)
  const memoryBytes = byteCount(values.get('hw.memsize')) ?? readers.system().totalBytes
  const name = values.get('machdep.cpu.brand_string') ?? readers.cpuName()
  const totalBytes = metalLimit(memoryBytes, values.get('iogpu.wired_limit_mb'))
  const available =
    parseVmStat((await readers.run('/usr/bin/vm_stat', [])).text) ?? readers.system().freeBytes
  const bandwidth = await chipBandwidth(readers, name)
  const notes =
    bandwidth === 'unsure'
      ? [`${name} is sold with buses of different width: its bandwidth is the widest one's`]
      : []
  const device: Device = {
    kind: 'metal',
    vendor: 'apple',
    index: 0,
    name,
    totalBytes,
    freeBytes: Math.min(totalBytes, available),
    isUnified: true,
    ...known({ bandwidth: bandwidth === 'unsure' ? undefined : bandwidth }),
  }
  return { devices: [device], notes }
}

async function chipBandwidth(readers: Readers, name: string): Promise<Bandwidth | 'unsure' | undefined> {
  if (BINNED[knownDevice(name)?.id ?? ''] === undefined) return undefined
  // Slow, so only for chips where it matters.
  const { text } = await readers.run('/usr/sbin/system_profiler', ['SPDisplaysDataType', '-json'])
  return binnedBandwidth(name, parseGpuCores(text))
}
