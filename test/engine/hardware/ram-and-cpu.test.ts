import { expect, test } from 'vitest'
import { cgroupFiles, cgroupSwapLimit } from '../../../engine/hardware/cgroup.ts'
import { parseCpuinfo, parseNumaNode, readCpu } from '../../../engine/hardware/cpu.ts'
import { parseMeminfo, readRam } from '../../../engine/hardware/ram.ts'
import { GIB, HOSTILE, recorded } from './recorded.ts'
import { systemFiles } from './system-files.ts'

const kb = (gib: number) => `${gib * 2 ** 20} kB`
const MEMINFO = `MemTotal:       ${kb(64)}
MemFree:         ${kb(2)}
MemAvailable:    ${kb(40)}
SwapTotal:       ${kb(8)}
SwapFree:        ${kb(6)}
`
const HOST = { '/proc/meminfo': MEMINFO }
const V2 = '/sys/fs/cgroup'

test.each<[string, Record<string, string>, object]>([
  [
    'a machine without limits has what the kernel would give up',
    HOST,
    { totalBytes: 64 * GIB, availableBytes: 40 * GIB, swap: { totalBytes: 8 * GIB, freeBytes: 6 * GIB } },
  ],
  [
    'a container has what its limit leaves, and cached files count as free',
    {
      ...HOST,
      '/proc/self/cgroup': '0::/\n',
      [`${V2}/memory.max`]: `${16 * GIB}\n`,
      [`${V2}/memory.current`]: `${10 * GIB}\n`,
      [`${V2}/memory.stat`]: `inactive_file ${4 * GIB}\n`,
      [`${V2}/memory.swap.max`]: '0\n',
    },
    {
      totalBytes: 16 * GIB,
      limitBytes: 16 * GIB,
      availableBytes: 10 * GIB,
      swap: { totalBytes: 0, freeBytes: 0 },
    },
  ],
  [
    'a group that is slowed down at memory.high has no more than that',
    {
      ...HOST,
      '/proc/self/cgroup': '0::/a\n',
      [`${V2}/a/memory.max`]: 'max\n',
      [`${V2}/a/memory.high`]: `${8 * GIB}\n`,
      [`${V2}/a/memory.current`]: '0\n',
    },
    {
      totalBytes: 8 * GIB,
      limitBytes: 8 * GIB,
      availableBytes: 8 * GIB,
      swap: { totalBytes: 8 * GIB, freeBytes: 6 * GIB },
    },
  ],
  [
    'a limit above the machine is none',
    {
      ...HOST,
      '/proc/self/cgroup': '0::/\n',
      [`${V2}/memory.max`]: `${900 * GIB}\n`,
      [`${V2}/memory.current`]: '0\n',
    },
    { totalBytes: 64 * GIB, availableBytes: 40 * GIB, swap: { totalBytes: 8 * GIB, freeBytes: 6 * GIB } },
  ],
  ['without /proc there is what the runtime says', {}, { totalBytes: 64 * GIB, availableBytes: 48 * GIB }],
])('%s', async (_name, files, expected) => {
  expect(await readRam(recorded({ files }))).toEqual(expected)
})

test('version 1 limits memory and swap together', () => {
  const folder = `${V2}/memory/x`
  const files = {
    '/proc/self/cgroup': '4:memory:/x\n',
    [`${folder}/memory.limit_in_bytes`]: `${4 * GIB}\n`,
    [`${folder}/memory.memsw.limit_in_bytes`]: `${5 * GIB}\n`,
  }
  expect(cgroupSwapLimit(systemFiles(files))).toBe(GIB)
  for (const path of Object.keys(files).slice(1)) expect(cgroupFiles('4:memory:/x\n')).toContain(path)
})

test.each(HOSTILE)('memory files that say %.40j give what the runtime knows', async (text) => {
  expect(parseMeminfo(text)).toEqual({})
  const files = { '/proc/meminfo': text, '/proc/self/cgroup': text }
  expect(await readRam(recorded({ files }))).toEqual({ totalBytes: 64 * GIB, availableBytes: 48 * GIB })
})

test.each([
  ['darwin', { '/usr/bin/vm_stat': { '': '(page size of 4096 bytes)\nPages free:    262144.\n' } }, GIB],
  ['darwin', {}, 48 * GIB],
  ['win32', {}, 48 * GIB],
] as const)('on %s available memory is told by the system', async (platform, programs, availableBytes) => {
  expect(await readRam(recorded({ platform, programs }))).toEqual({ totalBytes: 64 * GIB, availableBytes })
})

const CPUINFO = `processor	: 0
model name	: AMD EPYC 9355 32-Core Processor
physical id	: 0
core id		: 0
flags		: fpu sse4_2 avx avx2 fma f16c avx512f avx512_vnni avx512_bf16 rdtscp

processor	: 1
model name	: AMD EPYC 9355 32-Core Processor
physical id	: 0
core id		: 1
flags		: fpu
`
const NODE = '/sys/devices/system/node'

test('a processor is read with its cores, quota, nodes and the instructions that matter', async () => {
  const files = {
    '/proc/cpuinfo': CPUINFO,
    '/proc/self/cgroup': '0::/\n',
    [`${V2}/cpu.max`]: '150000 100000\n',
    [`${NODE}/node0/cpulist`]: '0\n',
    [`${NODE}/node0/meminfo`]: `Node 0 MemTotal:       ${kb(32)}\nNode 0 MemFree:        ${kb(30)}\n`,
    [`${NODE}/node1/cpulist`]: '1\n',
    [`${NODE}/has_cpu`]: '0-1\n',
  }
  expect(await readCpu(recorded({ files }))).toEqual({
    name: 'AMD EPYC 9355 32-Core Processor',
    architecture: 'x64',
    physicalCores: 2,
    logicalCores: 8,
    quota: 1.5,
    numaNodes: [
      { id: 0, cpus: '0', totalBytes: 32 * GIB, freeBytes: 30 * GIB },
      { id: 1, cpus: '1' },
    ],
    features: ['sse4_2', 'avx', 'avx2', 'fma', 'f16c', 'avx512f', 'avx512_vnni', 'avx512_bf16'],
  })
})

test('cores are those of /sys where it has them', async () => {
  const topology = (cpu: number, core: number) => ({
    [`/sys/devices/system/cpu/cpu${cpu}/topology/core_id`]: `${core}\n`,
    [`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`]: '0\n',
  })
  const files = {
    '/sys/devices/system/cpu/online': '0-3\n',
    ...topology(0, 0),
    ...topology(1, 1),
    ...topology(2, 0),
    ...topology(3, 1),
  }
  expect((await readCpu(recorded({ files }))).physicalCores).toBe(2)
})

test('a Mac counts its fast cores and names features as Linux does', async () => {
  const text = `machdep.cpu.brand_string: Apple M4 Pro
hw.physicalcpu: 14
hw.perflevel0.physicalcpu: 10
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_SME: 0
`
  const readers = recorded({
    platform: 'darwin',
    architecture: 'arm64',
    programs: { '/usr/sbin/sysctl': { '': text } },
  })
  expect(await readCpu(readers)).toMatchObject({
    name: 'Apple M4 Pro',
    physicalCores: 10,
    features: ['i8mm'],
  })
})

test.each(HOSTILE)('processor files that say %.40j give what the runtime knows', async (text) => {
  expect(parseCpuinfo(text)).toEqual({ features: [] })
  expect(parseNumaNode(0, text, text)).toEqual({
    id: 0,
    cpus: text.trim() === '' ? '' : expect.stringMatching(/^,*$/),
  })
  const files = { '/proc/cpuinfo': text, '/sys/devices/system/cpu/online': text, '/proc/self/cgroup': text }
  expect(await readCpu(recorded({ files }))).toMatchObject({ name: 'A processor', physicalCores: 8 })
})
