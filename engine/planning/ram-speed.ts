/** How fast main memory is: measured once between two starts of the machine, and assumed until then. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import {
  bandwidthRecord,
  bootId,
  measureRamBandwidth,
  parseBandwidthRecord,
  type RamBandwidth,
} from '../hardware/ram-bandwidth.ts'
import type { Readers } from '../hardware/readers.ts'
import type { Bandwidth, CpuReading, RamReading } from '../hardware/types.ts'
import { usableCores } from './join-machine.ts'

const GB = 1e9
/** Measuring reaches about this share of what data sheets promise of main memory. */
const MEASURED_SHARE = 0.8
/** Two channels of DDR4-3200, which an ordinary computer has: 2 × 3200 MT/s × 8 bytes. */
const ASSUMED_GB_PER_SECOND = 51.2 * MEASURED_SHARE
/** One channel of DDR4-2133 as measured: less is more likely of a machine that was busy with something else. */
const PLAUSIBLE_GB_PER_SECOND = 17 * MEASURED_SHARE
/** A machine that is busy, or too short of memory to be measured, is not tried for ever. */
const MAX_ATTEMPTS = 3

export interface RamSpeed {
  /** Bytes a second, as measuring would give them. */
  bytesPerSecond: number
  /** What was measured; absent where the figure is a data sheet's or assumed. */
  measured?: Bandwidth
  /** Why the figure is not a measured one. */
  note?: string
}

/** Measures when nobody has, nothing runs and it is worth trying, which takes 0.3 s. Never throws. */
export type ReadRamSpeed = (machine: { cpu: CpuReading; ram: RamReading }) => Promise<RamSpeed>

export interface RamSpeedParts {
  readers: Readers
  /** Absolute path of the file that keeps the measurement; a folder that cannot be written is no harm. */
  file?: string
  /** False while models load or compute: both would slow the other down. */
  isQuiet: () => boolean
  measure?: (options: { threads: number; freeBytes: number }) => Promise<RamBandwidth | undefined>
}

export function createRamSpeed(parts: RamSpeedParts): ReadRamSpeed {
  const { measure = measureRamBandwidth } = parts
  let known: RamBandwidth | undefined
  let attempts = 0
  let attempt: Promise<void> | undefined
  async function learn(threads: number, freeBytes: number): Promise<void> {
    const boot = await bootId(parts.readers)
    known ??= await remembered(parts.file, boot, threads)
    if (isSettled() || !parts.isQuiet()) return
    attempts++
    const measured = await measure({ threads, freeBytes })
    // Whatever else runs only makes it slower: the best is the truest.
    if ((measured?.gbPerSecond ?? 0) > (known?.gbPerSecond ?? 0)) known = measured
    if (known !== undefined && isSettled()) await remember(parts.file, boot, known)
  }
  const isSettled = () =>
    attempts === MAX_ATTEMPTS || (known !== undefined && known.gbPerSecond >= PLAUSIBLE_GB_PER_SECOND)
  return async ({ cpu, ram }) => {
    // A chip whose GPU has the same memory: its cores alone could not read so fast.
    if (ram.bandwidth !== undefined) {
      return { bytesPerSecond: ram.bandwidth.gbPerSecond * GB * MEASURED_SHARE }
    }
    if (!isSettled()) {
      attempt ??= learn(usableCores(cpu), ram.availableBytes).finally(() => {
        attempt = undefined
      })
      await attempt
    }
    return known === undefined ? ASSUMED : speedOf(known)
  }
}

const ASSUMED: RamSpeed = {
  bytesPerSecond: ASSUMED_GB_PER_SECOND * GB,
  note:
    `the speed of main memory is not measured yet: ${Math.round(ASSUMED_GB_PER_SECOND)} GB/s are assumed, ` +
    'as of two channels of DDR4-3200',
}

const speedOf = ({ gbPerSecond }: RamBandwidth): RamSpeed => ({
  bytesPerSecond: gbPerSecond * GB,
  measured: { gbPerSecond, source: 'measured' },
})

/** A measurement of this boot, made with as many threads. */
async function remembered(
  file: string | undefined,
  boot: string | undefined,
  threads: number,
): Promise<RamBandwidth | undefined> {
  if (file === undefined || boot === undefined) return undefined
  try {
    const record = parseBandwidthRecord(await readFile(file, 'utf8'), boot)
    return record?.threads === threads ? record : undefined
  } catch {
    // There is none yet.
    return undefined
  }
}

async function remember(file: string | undefined, boot: string | undefined, bandwidth: RamBandwidth) {
  if (file === undefined || boot === undefined) return
  const unfinished = `${file}.${process.pid}`
  try {
    await writeFile(unfinished, bandwidthRecord(boot, bandwidth))
    await rename(unfinished, file)
  } catch {
    // A folder that can only be read: it is measured again after the next start.
    await rm(unfinished, { force: true })
  }
}
