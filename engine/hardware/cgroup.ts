/**
 * What the control groups of Linux leave to this process. Version 2 has one tree for everything, version 1 one
 * tree a controller; a limit may stand at any level, so every folder up to the root is looked at. A container
 * often sees only the root of its own part, whatever path the process is told.
 */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'

/** Reads a file of the system; undefined where there is none. */
export type ReadText = (path: string) => string | undefined

export const readSystemFile: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Another system, another kernel, or hidden by a sandbox: all mean that nothing is known.
    return undefined
  }
}

export const GROUPS = '/proc/self/cgroup'
const ROOT = '/sys/fs/cgroup'
/** Version 1 writes "no limit" as the largest multiple of a page. */
const NO_LIMIT = 2 ** 60

/** Processor time this process may use, in CPUs; Infinity without a quota. */
export function cpuQuota(read: ReadText): number {
  const quotas = foldersOf('cpu', read).map((folder) => {
    const [quota, period] = (read(`${folder}/cpu.max`) ?? '').split(' ').map(Number)
    return quotient(quota, period) ?? quotient(number(read, `${folder}/cpu.cfs_quota_us`), periodOf(folder))
  })
  return Math.min(...quotas.filter((quota) => quota !== undefined))

  function periodOf(folder: string): number | undefined {
    return number(read, `${folder}/cpu.cfs_period_us`)
  }
}

/**
 * Bytes this process may still take before its control group is full; Infinity without a limit. Cached file
 * pages that nobody needs count as free, as they do in the machine's own figure.
 */
export function cgroupFreeMemory(read: ReadText): number {
  return Math.min(...foldersOf('memory', read).map((folder) => freeIn(folder, read)))
}

/** Bytes this process's control group allows in all; Infinity without a limit. */
export function cgroupMemoryLimit(read: ReadText): number {
  return Math.min(...foldersOf('memory', read).map((folder) => limitIn(folder, read)))
}

/** Bytes this process's control group may have swapped out; Infinity without a limit. */
export function cgroupSwapLimit(read: ReadText): number {
  const limits = foldersOf('memory', read).flatMap((folder) => {
    // Version 1 counts memory and swap together.
    const both = number(read, `${folder}/memory.memsw.limit_in_bytes`)
    const memory = number(read, `${folder}/memory.limit_in_bytes`)
    const sum = both === undefined || memory === undefined || both >= NO_LIMIT ? undefined : both - memory
    return number(read, `${folder}/memory.swap.max`) ?? sum ?? []
  })
  return Math.min(...limits)
}

/** Above `high` a group is slowed down until it has given memory back: for weights that is as good as no room. */
const LIMITS = ['memory.max', 'memory.high', 'memory.limit_in_bytes']

function limitIn(folder: string, read: ReadText): number {
  const limits = LIMITS.flatMap((name) => number(read, `${folder}/${name}`) ?? [])
  return Math.min(...limits.filter((limit) => limit < NO_LIMIT))
}

function freeIn(folder: string, read: ReadText): number {
  const limit = limitIn(folder, read)
  const used = number(read, `${folder}/memory.current`) ?? number(read, `${folder}/memory.usage_in_bytes`)
  if (limit === Number.POSITIVE_INFINITY || used === undefined) return Number.POSITIVE_INFINITY
  const statistics = read(`${folder}/memory.stat`) ?? ''
  // Version 1 counts groups below this one only in the totals; version 2 counts them always.
  const [, inactive] =
    /^total_inactive_file (\d+)$/m.exec(statistics) ?? /^inactive_file (\d+)$/m.exec(statistics) ?? []
  return Math.max(0, limit - used + Number(inactive ?? 0))
}

/** Every file the functions here may look at, given what /proc/self/cgroup says. */
export function cgroupFiles(groups: string): string[] {
  const read: ReadText = (path) => (path === GROUPS ? groups : undefined)
  const files = {
    cpu: ['cpu.max', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'],
    memory: [
      ...LIMITS,
      'memory.current',
      'memory.usage_in_bytes',
      'memory.stat',
      'memory.swap.max',
      'memory.memsw.limit_in_bytes',
    ],
  }
  return (['cpu', 'memory'] as const).flatMap((controller) =>
    foldersOf(controller, read).flatMap((folder) => files[controller].map((name) => `${folder}/${name}`)),
  )
}

function foldersOf(controller: 'cpu' | 'memory', read: ReadText): string[] {
  const groups = (read(GROUPS) ?? '').split('\n')
  return groups.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    if (controllers === '') return withParents(ROOT, path)
    return controllers?.split(',').includes(controller) ? withParents(`${ROOT}/${controller}`, path) : []
  })
}

function withParents(root: string, path: string): string[] {
  const folders = [root]
  // A group outside the visible part is written with `..`; normalizing an absolute path drops it.
  for (let folder = posix.normalize(path); folder !== '/'; folder = posix.dirname(folder)) {
    folders.push(`${root}${folder.replace(/\/$/, '')}`)
  }
  return folders
}

function number(read: ReadText, path: string): number | undefined {
  const text = read(path)?.trim()
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Undefined unless both are positive numbers: `max` and -1 stand for no quota. */
function quotient(quota: number | undefined, period: number | undefined): number | undefined {
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined
}
