import os from 'node:os'
import { expect, test } from 'vitest'
import { type CpuFacts, defaultThreads, physicalCores, thisCpu } from '../../../engine/hardware/threads.ts'
import { systemFiles } from './system-files.ts'

/** /sys of a machine: one entry a logical processor, `package/core`. */
function topology(cpus: readonly string[], more: Record<string, string> = {}): CpuFacts {
  const files: Record<string, string> = {
    '/sys/devices/system/cpu/online': `0-${cpus.length - 1}\n`,
    ...more,
  }
  for (const [id, cpu] of cpus.entries()) {
    const [socket = '', core = ''] = cpu.split('/')
    files[`/sys/devices/system/cpu/cpu${id}/topology/physical_package_id`] = `${socket}\n`
    files[`/sys/devices/system/cpu/cpu${id}/topology/core_id`] = `${core}\n`
  }
  return { read: systemFiles(files), arch: 'x64', model: 'Intel', logical: cpus.length }
}
const cores = (count: number, threadsEach = 1) =>
  Array.from({ length: count * threadsEach }, (_, i) => `0/${i % count}`)

test.each<[string, CpuFacts, number]>([
  ['two hardware threads a core are one core', topology(cores(8, 2)), 8],
  ['the same core number in two sockets is two cores', topology(['0/0', '0/1', '1/0', '1/1']), 4],
  [
    'slow cores do not count',
    topology(['0/0', '0/0', '0/1', '0/1', '0/8', '0/9'], { '/sys/devices/cpu_core/cpus': '0-3\n' }),
    2,
  ],
  [
    'processors that are switched off do not count',
    topology(cores(4), { '/sys/devices/system/cpu/online': '0,2-3\n' }),
    3,
  ],
])('cores in /sys: %s', (_name, cpu, expected) => {
  expect(physicalCores(cpu)).toBe(expected)
})

test('without /sys, cores are counted in /proc/cpuinfo', () => {
  const processor = (id: number, core: number) =>
    `processor\t: ${id}\nphysical id\t: 0\nsiblings\t: 4\ncore id\t\t: ${core}\n`
  const cpuinfo = [processor(0, 0), processor(1, 1), processor(2, 0), processor(3, 1)].join('\n')
  const cpu = { read: systemFiles({ '/proc/cpuinfo': cpuinfo }), arch: 'x64', model: 'AMD', logical: 4 }
  expect(physicalCores(cpu)).toBe(2)
})

test.each([
  ['x64', 'Intel(R) Core(TM) i7', 8, 4],
  ['x64', 'AMD Ryzen 7', 1, 1],
  ['arm64', 'Apple M2', 8, 8],
])(
  'where the system says nothing of cores: %s %s with %d processors has %d',
  (arch, model, logical, count) => {
    expect(physicalCores({ read: () => undefined, arch, model, logical })).toBe(count)
  },
)

const quota = (max: string) => ({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': max })
test.each<[string, CpuFacts, number]>([
  ['every core of a large machine', topology(cores(16, 2)), 16],
  ['all but one of four cores', topology(cores(4, 2)), 3],
  ['the only core', topology(cores(1)), 1],
  ['no more than the processors it is bound to', { ...topology(cores(16, 2)), logical: 6 }, 6],
  ['no more than its CPU quota', topology(cores(16), quota('550000 100000\n')), 5],
  ['one at least', topology(cores(16), quota('50000 100000\n')), 1],
  ['without a quota, what the cores say', topology(cores(16), quota('max 100000\n')), 16],
])('a model gets %s', (_name, cpu, expected) => {
  expect(defaultThreads(cpu)).toBe(expected)
})

test('on this machine there is at least one core and no more than there are processors', () => {
  const count = physicalCores(thisCpu())
  expect(count).toBeGreaterThanOrEqual(1)
  expect(count).toBeLessThanOrEqual(os.cpus().length)
})
