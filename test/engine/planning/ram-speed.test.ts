import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CpuReading } from '../../../engine/hardware/types.ts'
import { createRamSpeed, type RamSpeedParts } from '../../../engine/planning/ram-speed.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { GIB, recorded } from '../hardware/recorded.ts'

const BOOT = '6f2a1c1e-0000-4000-8000-0123456789ab'
const cpu: CpuReading = {
  name: 'A processor',
  architecture: 'x64',
  physicalCores: 4,
  logicalCores: 8,
  numaNodes: [],
  features: [],
}
const MACHINE = { cpu, ram: { totalBytes: 64 * GIB, availableBytes: 48 * GIB } }

/** A meter that says 25 GB/s, and how often it was used. */
function meter(change: Partial<RamSpeedParts> = {}, boot = BOOT) {
  const threads: number[] = []
  const readers = recorded({ files: { '/proc/sys/kernel/random/boot_id': `${boot}\n` } })
  const speed = createRamSpeed({
    readers,
    isQuiet: () => true,
    measure: async (options) => {
      threads.push(options.threads)
      return { gbPerSecond: 25, threads: options.threads }
    },
    ...change,
  })
  return { speed, threads }
}

test('memory is measured once, with a thread a core', async () => {
  const { speed, threads } = meter()
  const [one, other] = await Promise.all([speed(MACHINE), speed(MACHINE)])
  expect(one).toEqual({ bytesPerSecond: 25e9, measured: { gbPerSecond: 25, source: 'measured' } })
  expect(other).toEqual(one)
  await speed(MACHINE)
  expect(threads).toEqual([4])
})

test('while something runs its speed is assumed, and measured when that has ended', async () => {
  let isQuiet = false
  const { speed, threads } = meter({ isQuiet: () => isQuiet })
  const assumed = await speed(MACHINE)
  expect(assumed.bytesPerSecond / 1e9).toBeCloseTo(51.2 * 0.8)
  expect(assumed.note).toContain('41 GB/s are assumed')
  expect(threads).toEqual([])
  isQuiet = true
  expect((await speed(MACHINE)).bytesPerSecond).toBe(25e9)
})

test('a measurement is remembered until the machine starts again', async () => {
  const file = join(await tempFolder(), 'speed.json')
  await meter({ file }).speed(MACHINE)
  const second = meter({ file, isQuiet: () => false })
  expect((await second.speed(MACHINE)).bytesPerSecond).toBe(25e9)
  const rebooted = meter({ file }, BOOT.replace('6f', '7f'))
  await rebooted.speed(MACHINE)
  expect(rebooted.threads).toEqual([4])
})

test('what was measured with other cores, or is damaged, is measured again', async () => {
  const file = join(await tempFolder(), 'speed.json')
  await meter({ file }).speed(MACHINE)
  const fewer = meter({ file })
  await fewer.speed({ ...MACHINE, cpu: { ...cpu, quota: 2 } })
  expect(fewer.threads).toEqual([2])
  await writeFile(file, '{')
  const damaged = meter({ file })
  await damaged.speed(MACHINE)
  expect(damaged.threads).toEqual([4])
  expect(await readFile(file, 'utf8')).toContain('"gbPerSecond":25')
})

test('a folder that cannot be written is no harm', async () => {
  const { speed } = meter({ file: join(await tempFolder(), 'missing', 'speed.json') })
  expect((await speed(MACHINE)).bytesPerSecond).toBe(25e9)
})

test('a figure of a busy machine is measured again, and the best of three is kept', async () => {
  const file = join(await tempFolder(), 'speed.json')
  const figures = [4, 9, 6, 50]
  const measure = async () => ({ gbPerSecond: figures.shift() ?? 0, threads: 4 })
  const { speed } = meter({ file, measure })
  const seen: number[] = []
  for (let i = 0; i < 4; i++) seen.push((await speed(MACHINE)).bytesPerSecond / 1e9)
  expect(seen).toEqual([4, 9, 9, 9])
  expect(await readFile(file, 'utf8')).toContain('"gbPerSecond":9')
})

test('a machine that cannot be measured is tried three times', async () => {
  let attempts = 0
  const { speed } = meter({
    measure: async () => {
      attempts++
      return undefined
    },
  })
  for (let i = 0; i < 5; i++) expect((await speed(MACHINE)).note).toContain('not measured yet')
  expect(attempts).toBe(3)
})

test('a chip whose GPU has the same memory has the share of its data sheet that measuring reaches', async () => {
  const { speed, threads } = meter()
  const ram = { ...MACHINE.ram, bandwidth: { gbPerSecond: 400, source: 'table' } as const }
  expect(await speed({ cpu, ram })).toEqual({ bytesPerSecond: 320e9 })
  expect(threads).toEqual([])
})
