import { lstat, mkdir, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { blobsFolder, manifestsFolder } from './layout.ts'
import { removeAllEmptyFolders, TEMPORARY_MANIFEST } from './manifests.ts'
import { ifMissing, unless } from './missing.ts'
import type { StoreLog } from './types.ts'
import { usedBlobs } from './used-blobs.ts'

/** Younger files may belong to a download or an upload that is going on, here or in another server. */
const MIN_AGE_MS = 60 * 60 * 1000

/** What a folder says that may be read but not changed. */
const READ_ONLY = ['EROFS', 'EACCES', 'EPERM']

/**
 * What is done once at start: makes the folders, renames blobs of very old versions and, unless `noPrune`,
 * removes what nothing refers to. Nothing is removed while a manifest cannot be read: it may refer to anything.
 * A folder that cannot be changed is left as it is.
 */
export async function tidyModels(folder: string, log: StoreLog, noPrune: boolean): Promise<void> {
  await mkdir(folder, { recursive: true })
  const isTidy = tidy(folder, log, noPrune).then(() => true)
  if (!(await unless(isTidy, READ_ONLY, false))) log.warn({ folder }, 'models folder cannot be changed')
}

async function tidy(folder: string, log: StoreLog, noPrune: boolean): Promise<void> {
  await mkdir(blobsFolder(folder), { recursive: true })
  await mkdir(manifestsFolder(folder), { recursive: true })
  await renameOldBlobs(folder)
  if (!noPrune) await prune(folder, log)
}

async function prune(folder: string, log: StoreLog): Promise<void> {
  const used = await usedBlobs(folder, log)
  if (used === undefined) return
  const removed = [
    // Hashes are hex in either case; where case matters on disk, both spellings are kept.
    ...(await removeOld(blobsFolder(folder), (name) => !used.has(name.toLowerCase()))),
    ...(await removeOld(manifestsFolder(folder), (name) => name.startsWith(TEMPORARY_MANIFEST))),
  ]
  await removeAllEmptyFolders(folder)
  if (removed.length > 0) {
    const bytes = removed.reduce((sum, size) => sum + size, 0)
    log.info({ files: removed.length, bytes }, 'unused blobs removed')
  }
}

/** Early versions of Ollama wrote `sha256:<hex>`. */
async function renameOldBlobs(folder: string): Promise<void> {
  for (const name of await readdir(blobsFolder(folder))) {
    if (!name.startsWith('sha256:')) continue
    const renamed = name.replace(':', '-')
    await ifMissing(rename(join(blobsFolder(folder), name), join(blobsFolder(folder), renamed)), undefined)
  }
}

/** Removes files (not folders) that are old enough; the size of each. */
async function removeOld(folder: string, isUnused: (name: string) => boolean): Promise<number[]> {
  const removed: number[] = []
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = isUnused(name) ? await ifMissing(lstat(path), undefined) : undefined
    if (!found || found.isDirectory() || Date.now() - found.mtimeMs < MIN_AGE_MS) continue
    const size = await unless(
      unlink(path).then(() => found.size),
      ['ENOENT'],
      undefined,
    )
    if (size !== undefined) removed.push(size)
  }
  return removed
}
