import os from 'node:os'
import { expect, test } from 'vitest'
import { cgroupFreeMemory, cpuQuota } from '../../../engine/hardware/cgroup.ts'
import { availableMemory } from '../../../engine/hardware/memory.ts'
import { systemFiles } from './system-files.ts'

const GIB = 2 ** 30
const V2 = '/sys/fs/cgroup'

test.each<[string, Record<string, string>, number]>([
  ['no control groups', {}, Number.POSITIVE_INFINITY],
  ['version 2', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '150000 100000\n' }, 1.5],
  [
    'a limit of a parent',
    {
      '/proc/self/cgroup': '0::/a/b\n',
      [`${V2}/a/b/cpu.max`]: 'max 100000\n',
      [`${V2}/a/cpu.max`]: '300000 100000\n',
    },
    3,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': '3:cpu,cpuacct:/docker/x\n0::/\n',
      [`${V2}/cpu/docker/x/cpu.cfs_quota_us`]: '200000\n',
      [`${V2}/cpu/docker/x/cpu.cfs_period_us`]: '100000\n',
    },
    2,
  ],
  [
    'version 1 without a quota',
    {
      '/proc/self/cgroup': '1:cpu:/\n',
      [`${V2}/cpu/cpu.cfs_quota_us`]: '-1\n',
      [`${V2}/cpu/cpu.cfs_period_us`]: '100000\n',
    },
    Number.POSITIVE_INFINITY,
  ],
  [
    'a path outside what the container sees',
    { '/proc/self/cgroup': '0::/../../x\n', [`${V2}/cpu.max`]: '100000 100000\n' },
    1,
  ],
  ['nonsense', { '/proc/self/cgroup': 'x\n0::/\n', [`${V2}/cpu.max`]: 'a b\n' }, Number.POSITIVE_INFINITY],
])('CPU quota: %s', (_name, files, expected) => {
  expect(cpuQuota(systemFiles(files))).toBe(expected)
})

test.each<[string, Record<string, string>, number]>([
  ['no limit', { '/proc/self/cgroup': '0::/\n', [`${V2}/memory.max`]: 'max\n' }, Number.POSITIVE_INFINITY],
  [
    'version 2, where cached files count as free',
    {
      '/proc/self/cgroup': '0::/\n',
      [`${V2}/memory.max`]: `${4 * GIB}\n`,
      [`${V2}/memory.current`]: `${3 * GIB}\n`,
      [`${V2}/memory.stat`]: `anon 5\ninactive_file ${GIB}\nactive_file 7\n`,
    },
    2 * GIB,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': '4:memory:/x\n',
      [`${V2}/memory/x/memory.limit_in_bytes`]: `${2 * GIB}\n`,
      [`${V2}/memory/x/memory.usage_in_bytes`]: `${GIB}\n`,
      [`${V2}/memory/x/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${GIB / 2}\n`,
      [`${V2}/memory/memory.limit_in_bytes`]: '9223372036854771712\n',
      [`${V2}/memory/memory.usage_in_bytes`]: `${9 * GIB}\n`,
    },
    1.5 * GIB,
  ],
  [
    'more in use than allowed',
    { '/proc/self/cgroup': '0::/\n', [`${V2}/memory.max`]: '100\n', [`${V2}/memory.current`]: '200\n' },
    0,
  ],
])('free memory in a control group: %s', (_name, files, expected) => {
  expect(cgroupFreeMemory(systemFiles(files))).toBe(expected)
})

test('available memory is the least of what the machine and the control group have', () => {
  const group = systemFiles({
    '/proc/self/cgroup': '0::/\n',
    [`${V2}/memory.max`]: `${GIB}\n`,
    [`${V2}/memory.current`]: '0\n',
  })
  expect(availableMemory(group, 5 * GIB)).toBe(GIB)
  expect(availableMemory(group, 5)).toBe(5)
  expect(availableMemory()).toBeGreaterThan(0)
  expect(availableMemory()).toBeLessThanOrEqual(os.totalmem())
})
