import os from 'node:os'
import { cpuQuota, type ReadText, readSystemFile } from './cgroup.ts'

export interface CpuFacts {
  read: ReadText
  arch: string
  /** The processor's name. */
  model: string
  /** Logical processors this process may run on. */
  logical: number
}

export const thisCpu = (): CpuFacts => ({
  read: readSystemFile,
  arch: os.arch(),
  model: os.cpus()[0]?.model ?? '',
  logical: os.availableParallelism(),
})

/** Cores from here on are many enough that one more or less does not show. */
const SMALL_MACHINE = 4

/**
 * Compute threads where nobody names a number: one a physical core, because two on one core only wait for each
 * other; one less on small machines, because llama.cpp's threads spin while they wait and anything else that
 * runs then costs far more than the core given up; no more than a CPU quota lets run at the same time.
 */
export function defaultThreads(cpu: CpuFacts): number {
  const cores = Math.min(physicalCores(cpu), cpu.logical)
  const wanted = cores <= SMALL_MACHINE ? cores - 1 : cores
  return Math.max(1, Math.min(wanted, Math.floor(cpuQuota(cpu.read))))
}

/**
 * Cores, not hardware threads; of processors with fast and slow ones only the fast. Linux says it in /sys, or
 * for x86 in /proc/cpuinfo; elsewhere the makers of x86 processors are taken to run two threads a core.
 */
export function physicalCores({ read, arch, model, logical }: CpuFacts): number {
  const known = coresInSys(read) || coresInCpuinfo(read)
  if (known > 0) return known
  const hasTwins = arch === 'x64' && /intel|amd/i.test(model)
  return hasTwins ? Math.max(1, Math.floor(logical / 2)) : logical
}

/** Processor packages that are online; undefined where the system does not tell. */
export function packages(read: ReadText): number | undefined {
  const ids = cpuList(read('/sys/devices/system/cpu/online')).flatMap(
    (cpu) => read(`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`)?.trim() ?? [],
  )
  return ids.length === 0 ? undefined : new Set(ids).size
}

function coresInSys(read: ReadText): number {
  const online = cpuList(read('/sys/devices/system/cpu/online'))
  // Present on Intel processors with two kinds of cores.
  const fast = new Set(cpuList(read('/sys/devices/cpu_core/cpus')))
  const cores = new Set<string>()
  for (const cpu of online.filter((id) => fast.size === 0 || fast.has(id))) {
    const topology = `/sys/devices/system/cpu/cpu${cpu}/topology`
    const core = read(`${topology}/core_id`)?.trim()
    if (core !== undefined) cores.add(`${read(`${topology}/physical_package_id`)?.trim()}/${core}`)
  }
  return cores.size
}

function coresInCpuinfo(read: ReadText): number {
  const processors = (read('/proc/cpuinfo') ?? '').split(/\n\s*\n/)
  const value = (processor: string, key: string) =>
    new RegExp(`^${key}\\s*: (\\d+)$`, 'm').exec(processor)?.[1]
  const cores = processors.flatMap((processor) => {
    const core = value(processor, 'core id')
    return core === undefined ? [] : [`${value(processor, 'physical id')}/${core}`]
  })
  return new Set(cores).size
}

/** The kernel's own bound on processors (CONFIG_NR_CPUS). */
const MAX_CPUS = 8192

/** The kernel's notation `0-3,8`. */
function cpuList(text = ''): number[] {
  return text
    .trim()
    .split(',')
    .flatMap((range) => {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
      if (first === undefined || Number(last) >= MAX_CPUS) return []
      return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i)
    })
}
