import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { ifMissing } from '../../store/missing.ts'
import { place } from '../../store/place.ts'
import { MAX_PARTS, type Part } from './parts.ts'

// Beside the blob `sha256-<hex>` lie, while it is fetched,
//
//   sha256-<hex>-partial          the data, sparse, with the size of the whole
//   sha256-<hex>-partial-<N>      what is known of part N (ollama server/download.go)
//   sha256-<hex>-snug-pieces      checksums of what is in the data file (pieces.ts)
//   sha256-<hex>-snug-part-<N>    a part file about to be put in place
//
// Ollama takes everything whose name begins with `sha256-<hex>-partial-` for a part file, so the names of ours do
// not. Both servers sweep all of them away when nobody has touched them for an hour.

/** A part file takes 60 bytes. */
const MAX_PART_FILE_BYTES = 4096

const PartFile = z
  .object({
    N: z.int().min(0).max(MAX_PARTS),
    Offset: z.int().nonnegative(),
    Size: z.int().positive(),
    Completed: z.int().nonnegative(),
  })
  .transform(({ N, Offset, Size, Completed }) => ({ n: N, offset: Offset, size: Size, completed: Completed }))

/** Where the data of an unfinished blob lies. */
export const dataPath = (blob: string): string => `${blob}-partial`

/** Where the checksums of an unfinished blob lie. */
export const piecesPath = (blob: string): string => `${blob}-snug-pieces`

const partPath = (blob: string, n: number) => `${blob}-partial-${n}`
const newPartPath = (blob: string, n: number) => `${blob}-snug-part-${n}`

/** The part files of a blob; those that are no part files, such as half a one, are left out. */
export async function readParts(blob: string): Promise<Part[]> {
  const parts: Part[] = []
  for (const name of await namesBeside(blob, '-partial-')) {
    const path = join(dirname(blob), name)
    const found = await ifMissing(stat(path), undefined)
    if (!found?.isFile() || found.size > MAX_PART_FILE_BYTES) continue
    const part = parsePart(await ifMissing(readFile(path, 'utf8'), ''))
    if (part && path === partPath(blob, part.n)) parts.push(part)
  }
  return parts
}

function parsePart(text: string): Part | undefined {
  try {
    return PartFile.parse(JSON.parse(text))
  } catch {
    // Ollama writes part files in place: one that was cut short says nothing.
    return undefined
  }
}

/** Puts a part file in place in one step. */
export async function writePart(blob: string, { n, offset, size, completed }: Part): Promise<void> {
  const text = JSON.stringify({ N: n, Offset: offset, Size: size, Completed: completed })
  await writeFile(newPartPath(blob, n), `${text}\n`, { mode: 0o644, flush: true })
  await rename(newPartPath(blob, n), partPath(blob, n))
}

/** Removes every part file but those of `parts`, so that the ones that stay fit together. */
export async function removeOtherParts(blob: string, parts: readonly Part[]): Promise<void> {
  const kept = new Set(parts.map(({ n }) => basename(partPath(blob, n))))
  for (const name of await namesBeside(blob, '-partial-')) {
    if (!kept.has(name)) await rm(join(dirname(blob), name), { force: true })
  }
}

/** Removes all that is left beside a blob that is finished or given up. */
export async function removeUnfinished(blob: string): Promise<void> {
  const names = [...(await namesBeside(blob, '-partial')), ...(await namesBeside(blob, '-snug-'))]
  for (const name of names) await rm(join(dirname(blob), name), { force: true })
}

const namesBeside = async (blob: string, suffix: string) =>
  (await readdir(dirname(blob))).filter((name) => name.startsWith(basename(blob) + suffix))

/** Gives verified data its final name, so that a crash at any moment leaves all of it or none. */
export async function putInPlace(blob: string): Promise<void> {
  await place(dataPath(blob), blob)
  await removeUnfinished(blob)
}
