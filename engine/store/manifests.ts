import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { manifestPath, manifestsFolder } from './layout.ts'
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from './manifest.ts'
import { asError, ifMissing, unless } from './missing.ts'
import { isValidModelName } from './name.ts'
import { orNoRoom } from './no-room.ts'
import type { ModelName } from './types.ts'

/** A manifest as it lies on disk now. */
export interface StoredManifest {
  name: ModelName
  path: string
  bytes: Buffer
  manifest: Manifest
  modifiedAt: Date
}

/** A file where a manifest should be. */
export interface UnreadableManifest {
  path: string
  reason: Error
}

/** What an unfinished write is called; it lies above the four levels where manifests are looked for. */
export const TEMPORARY_MANIFEST = '.tmp-'

/** Every manifest in the folder, in no order. Files that vanish meanwhile are left out. */
export async function readManifests(
  folder: string,
): Promise<{ manifests: StoredManifest[]; unreadable: UnreadableManifest[] }> {
  const manifests: StoredManifest[] = []
  const unreadable: UnreadableManifest[] = []
  for await (const name of namesOnDisk(folder)) {
    try {
      if (!isValidModelName(name)) throw new Error('its path is no model name')
      const stored = await readManifest(folder, name)
      if (stored) manifests.push(stored)
    } catch (error) {
      unreadable.push({ path: manifestPath(folder, name), reason: asError(error) })
    }
  }
  return { manifests, unreadable }
}

/** Walks exactly four levels down; what lies higher or deeper is no manifest. */
async function* namesOnDisk(folder: string): AsyncGenerator<ModelName> {
  const root = manifestsFolder(folder)
  for (const host of await entries(root)) {
    for (const namespace of await entries(join(root, host))) {
      for (const model of await entries(join(root, host, namespace))) {
        for (const tag of await entries(join(root, host, namespace, model))) {
          yield { host, namespace, model, tag }
        }
      }
    }
  }
}

/** Names in a folder; none when it is no folder or gone. */
const entries = (path: string): Promise<string[]> => ifMissing(readdir(path), [])

/**
 * The manifest of a model with exactly this spelling; undefined when there is none. Throws when the file is no
 * manifest.
 */
export async function readManifest(folder: string, name: ModelName): Promise<StoredManifest | undefined> {
  const path = manifestPath(folder, name)
  const found = await ifMissing(stat(path), undefined)
  if (!found || found.isDirectory()) return undefined
  // A pipe would block and a device never end.
  if (!found.isFile()) throw new Error('it is not a file')
  if (found.size > MAX_MANIFEST_BYTES) throw new Error(`it has ${found.size} bytes`)
  const bytes = await ifMissing(readFile(path), undefined)
  return bytes && { name, path, bytes, manifest: parseManifest(bytes), modifiedAt: found.mtime }
}

/**
 * The stored spelling of a name, or of its first parts (host, namespace, model, tag), whatever its case;
 * undefined when no such file or folder exists.
 */
export const storedSpelling = (folder: string, parts: readonly string[]): Promise<string[] | undefined> =>
  descend(manifestsFolder(folder), parts)

/** The path below `folder` whose parts equal these; an exact spelling goes before one that differs in case. */
async function descend(folder: string, [part, ...rest]: readonly string[]): Promise<string[] | undefined> {
  if (part === undefined) return []
  const folded = part.toLowerCase()
  const names = (await entries(folder)).filter((name) => name.toLowerCase() === folded)
  for (const name of names.sort((a, b) => Number(b === part) - Number(a === part))) {
    const below = await descend(join(folder, name), rest)
    if (below) return [name, ...below]
  }
  return undefined
}

/** Puts a manifest in place in one step, so that nobody ever reads half of one. */
export async function writeManifest(folder: string, name: ModelName, bytes: Uint8Array): Promise<void> {
  const path = manifestPath(folder, name)
  const temporary = join(manifestsFolder(folder), TEMPORARY_MANIFEST + randomUUID())
  await mkdir(manifestsFolder(folder), { recursive: true })
  try {
    await writeFile(temporary, bytes, { mode: 0o644, flush: true }).catch(orNoRoom(folder))
    // Another server may clear the new folder away while it is still empty; then make it again.
    for (let attempt = 1; attempt <= 5; attempt++) {
      await mkdir(dirname(path), { recursive: true })
      const isPlaced = rename(temporary, path).then(() => true)
      if (await unless(isPlaced, attempt < 5 ? ['ENOENT'] : [], false)) return
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Removes a manifest and the folders that are empty without it. False when it was gone already. */
export async function removeManifest(folder: string, name: ModelName): Promise<boolean> {
  const path = manifestPath(folder, name)
  const isRemoved = await ifMissing(
    unlink(path).then(() => true),
    false,
  )
  await removeEmptyFolders(dirname(path), 3)
  return isRemoved
}

/** Removes a folder and then those above it, as long as they are empty. */
async function removeEmptyFolders(path: string, levels: number): Promise<void> {
  const isGone = await unless(
    ifMissing(rmdir(path), undefined).then(() => true),
    ['ENOTEMPTY', 'EEXIST'],
    false,
  )
  if (isGone && levels > 1) await removeEmptyFolders(dirname(path), levels - 1)
}

/** Removes the empty folders a removed or failed manifest left behind. */
export async function removeAllEmptyFolders(folder: string): Promise<void> {
  const root = manifestsFolder(folder)
  for (const host of await entries(root)) {
    for (const namespace of await entries(join(root, host))) {
      for (const model of await entries(join(root, host, namespace))) {
        await removeEmptyFolders(join(root, host, namespace, model), 3)
      }
      await removeEmptyFolders(join(root, host, namespace), 2)
    }
    await removeEmptyFolders(join(root, host), 1)
  }
}
