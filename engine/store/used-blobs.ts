import { stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { blobPath, removeBlob } from './blobs.ts'
import { blobKey, type HeldBlobs } from './held-blobs.ts'
import { blobsOf, type Manifest, parseManifest } from './manifest.ts'
import { readManifests } from './manifests.ts'
import { ifMissing } from './missing.ts'
import type { StoreLog } from './types.ts'

/** Reads a manifest from outside. Throws EngineError `bad_request` when the bytes are none. */
export function parseOrRefuse(bytes: Buffer): Manifest {
  try {
    return parseManifest(bytes)
  } catch (cause) {
    throw new EngineError('bad_request', 'invalid manifest', { cause })
  }
}

/** Throws EngineError `bad_request` unless every blob of the manifest is stored with the size it states. */
export async function requireBlobs(folder: string, manifest: Manifest): Promise<void> {
  for (const { digest, size } of blobsOf(manifest)) {
    const found = await ifMissing(stat(blobPath(folder, digest)), undefined)
    if (found?.isFile() !== true) throw new EngineError('bad_request', `blob ${digest} is missing`)
    if (found.size !== size) {
      throw new EngineError('bad_request', `blob ${digest} has ${found.size} bytes, not ${size}`)
    }
  }
}

/** Every blob of `part` is one of `whole`. */
export function isSubset(part: Manifest, whole: Manifest): boolean {
  const keys = new Set(blobsOf(whole).map(({ digest }) => blobKey(digest)))
  return blobsOf(part).every(({ digest }) => keys.has(blobKey(digest)))
}

/** The keys of all blobs that manifests use; undefined while one cannot be read: it may use anything. */
export async function usedBlobs(folder: string, log: StoreLog): Promise<ReadonlySet<string> | undefined> {
  const { manifests, unreadable } = await readManifests(folder)
  if (unreadable.length > 0) {
    const paths = unreadable.map(({ path }) => path)
    log.warn({ paths }, 'unused blobs are kept because a manifest cannot be read')
    return undefined
  }
  return new Set(manifests.flatMap(({ manifest }) => blobsOf(manifest).map(({ digest }) => blobKey(digest))))
}

/**
 * Removes those of `candidates` that no manifest uses. A manifest that used them is gone by now, so of two servers
 * that remove models with a shared blob at the same time, the one that looks last removes it.
 */
export async function removeUnusedBlobs(
  folder: string,
  candidates: readonly { digest: string }[],
  held: HeldBlobs,
  log: StoreLog,
): Promise<void> {
  const used = await usedBlobs(folder, log)
  if (used === undefined) return
  for (const { digest } of candidates) {
    if (!used.has(blobKey(digest)) && !held.has(digest)) await removeBlob(folder, digest)
  }
}
