import { cgroupFiles, GROUPS, type ReadText } from './cgroup.ts'
import type { Readers } from './readers.ts'

/** The kernel's own bound on processors (CONFIG_NR_CPUS). */
const MAX_CPUS = 8192
const CPUS = '/sys/devices/system/cpu'

/** Files read without blocking, for the functions that look at them as if they were on a disk. */
export async function snapshot(readers: Readers, paths: readonly string[]): Promise<ReadText> {
  const texts = new Map<string, string>()
  await Promise.all(
    paths.map(async (path) => {
      const text = await readers.readText(path)
      if (text !== undefined) texts.set(path, text)
    }),
  )
  return (path) => texts.get(path)
}

/** The control groups of this process, at every level. */
export async function controlGroups(readers: Readers): Promise<ReadText> {
  const groups = await readers.readText(GROUPS)
  const files = await snapshot(readers, cgroupFiles(groups ?? ''))
  return (path) => (path === GROUPS ? groups : files(path))
}

/** What the kernel tells of processors and their cores. */
export async function processors(readers: Readers): Promise<ReadText> {
  const cpus = (await readers.list(CPUS)).filter((name) => /^cpu\d+$/.test(name)).slice(0, MAX_CPUS)
  return snapshot(readers, [
    `${CPUS}/online`,
    '/sys/devices/cpu_core/cpus',
    '/proc/cpuinfo',
    ...cpus.flatMap((cpu) => [
      `${CPUS}/${cpu}/topology/core_id`,
      `${CPUS}/${cpu}/topology/physical_package_id`,
    ]),
  ])
}
