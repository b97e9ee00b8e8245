/** What a process and everything it started takes, from Linux's /proc. */
import { existsSync } from 'node:fs'
import { childrenOf, read, residentBytes } from './proc.ts'

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MS = 10

const canMeasure = existsSync('/proc/self/task')

/** The process and its descendants. Those that end meanwhile are left out. */
const treeOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(treeOf)]

/** Resident bytes of a tree; NaN where there is no /proc. Pages that two of its processes share count twice. */
export function residentTreeBytes(pid: number): number {
  if (!canMeasure) return Number.NaN
  return treeOf(pid).reduce((sum, one) => sum + residentBytes(one), 0)
}

/** Milliseconds of processor time that each process of a tree has used so far; empty where there is no /proc. */
export function cpuMs(pid: number): Map<number, number> {
  if (!canMeasure) return new Map()
  return new Map(
    treeOf(pid).map((one) => {
      // The name in brackets may hold anything; 11 fields after it stand the times in user and system mode.
      const fields = read(`/proc/${one}/stat`)?.split(') ').at(-1)?.split(' ') ?? []
      return [one, (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS]
    }),
  )
}
