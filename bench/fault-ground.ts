/** What benches that do damage share: a folder whose disk can be filled, random choices, and looks at what is left. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A models folder to be damaged. */
export interface Ground {
  folder: string
  /** It is a file system of its own, so that it can be filled without harm to anybody else. */
  isTmpfs: boolean
  remove(): void
}

/** Makes the folder, on a small file system in memory where mounting is allowed; gone at the end of this process. */
export function openGround(mebibytes: number): Ground {
  const folder = mkdtempSync(join(tmpdir(), 'snug-faults-'))
  const isTmpfs =
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]).status === 0
  const remove = () => {
    process.off('exit', remove)
    if (isTmpfs) spawnSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  return { folder, isTmpfs, remove }
}

/** Takes what is free in the folder but `leave` bytes, or all of it when others are faster; gives it back. */
export function fillUp(folder: string, leave: number): () => void {
  const ballast = join(folder, 'ballast')
  const { bavail, bsize } = statfsSync(folder)
  try {
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leave)))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
  return () => rmSync(ballast, { force: true })
}

/** All names in the blobs folder; none when there is no such folder yet. */
export function blobNames(folder: string): string[] {
  try {
    return readdirSync(join(folder, 'blobs'))
  } catch {
    return []
  }
}

const FINAL_NAME = /^sha256-[0-9a-f]{64}$/

/** Names of blobs whose content is not what they say. */
export const wrongBlobs = (folder: string): string[] =>
  blobNames(folder).filter(
    (name) =>
      FINAL_NAME.test(name) && digestOf(readFileSync(join(folder, 'blobs', name))).replace(':', '-') !== name,
  )

/** Names beside the blobs that are none of blobs. */
export const leftovers = (folder: string): string[] =>
  blobNames(folder).filter((name) => !FINAL_NAME.test(name))

/** Turns one bit of the file over; false when there is nothing in it. */
export function flipBit(path: string, random: Random): boolean {
  const bytes = readFileSync(path)
  if (bytes.length === 0) return false
  const at = random(bytes.length)
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at)
  writeFileSync(path, bytes)
  return true
}

/** A whole number from 0 up to, not including, `below`. */
export type Random = (below: number) => number

/** The same numbers for the same seed (xorshift). */
export function randomNumbers(seed: number): Random {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
}

export const digestOf = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`
