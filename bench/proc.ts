/** What Linux knows of processes. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A file of /proc; undefined for a process that has gone. */
export function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process has gone.
    return undefined
  }
}

export const childrenOf = (pid: number): number[] =>
  (read(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number)

/** Resident memory in bytes; 0 for a process that is gone. */
export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024

/** Open files once they grow fewer no more: a server sees its clients leave one after another. */
export async function openFiles(pid: number): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY
  for (let still = 0; still < 20; still++) {
    const count = readdirSync(`/proc/${pid}/fd`).length
    if (count < fewest) still = 0
    fewest = Math.min(fewest, count)
    await sleep(20)
  }
  return fewest
}

/** Tells a process from a later one with the same id: both, and when it was started. */
export function identityOf(pid: number): string | undefined {
  // The name in brackets may hold anything; 20 fields after it stands the start time.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
  return fields === undefined ? undefined : `${pid} ${fields[19]}`
}

/** Waits until the process has gone altogether, so that not even a zombie is left. False after `timeoutMs`. */
export async function isGoneWithin(pid: number, identity: string | undefined, timeoutMs: number) {
  const deadline = performance.now() + timeoutMs
  while (identityOf(pid) === identity) {
    if (performance.now() > deadline) return false
    await sleep(2)
  }
  return true
}
