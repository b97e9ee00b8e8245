/** What a process and everything it started takes, from Linux's /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MS = 10
const KIB = 1024

export const canMeasure = existsSync('/proc/self/task')

/** The process and its descendants. Those that end meanwhile are left out. */
export function processTree(pid: number): number[] {
  const children = readTasks(pid).flatMap((task) => readOr(`/proc/${pid}/task/${task}/children`).split(' '))
  return [pid, ...children.filter((text) => text !== '').flatMap((text) => processTree(Number(text)))]
}

/** Resident bytes of a tree; NaN where there is no /proc. Pages that two of its processes share count twice. */
export function residentBytes(pid: number): number {
  if (!canMeasure) return Number.NaN
  return processTree(pid).reduce((sum, one) => {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readOr(`/proc/${one}/status`))?.[1] ?? '0'
    return sum + Number(kib) * KIB
  }, 0)
}

/** Milliseconds of processor time that each process of a tree has used so far; empty where there is no /proc. */
export function cpuMs(pid: number): Map<number, number> {
  if (!canMeasure) return new Map()
  return new Map(
    processTree(pid).map((one) => {
      // The name in front may contain spaces; it ends at the last parenthesis.
      const stat = readOr(`/proc/${one}/stat`)
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return [one, (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS]
    }),
  )
}

function readTasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    // It has ended.
    return []
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    // It has ended.
    return ''
  }
}
