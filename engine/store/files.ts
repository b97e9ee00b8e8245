import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, link, mkdir, open, realpath, rm, stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { blobPath, hasBlob, putBlob, removeBlob, temporaryBlobPath } from './blobs.ts'
import { blobKey } from './held-blobs.ts'
import { blobsFolder } from './layout.ts'
import type { BlobRef } from './manifest.ts'
import { ifMissing, unless } from './missing.ts'
import { place } from './place.ts'

const READ_BYTES = 1024 * 1024

/** What a file system says that cannot link or clone this file, or to there. */
const CANNOT_SHARE = [
  'EXDEV',
  'EPERM',
  'EACCES',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EINVAL',
  'ENOTTY',
]

/** How a file became a blob: it was one already, shares the file, shares its blocks, or is a copy. */
export type Taken = 'existing' | 'linked' | 'cloned' | 'copied'
export interface TakenBlob extends BlobRef {
  how: Taken
}

/** The hash and size of a file; `onBytes` gets how far it has come. */
export async function hashFile(
  path: string,
  signal?: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<BlobRef> {
  const hash = createHash('sha256')
  let size = 0
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, ...(signal ? { signal } : {}) })
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
    onBytes(size)
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

/** Gives a complete file that lies beside the blobs its name among them. */
export async function putFile(folder: string, path: string, signal: AbortSignal): Promise<BlobRef> {
  const blob = await hashFile(path, signal)
  await syncFile(path)
  await place(path, blobPath(folder, blob.digest))
  return blob
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Another text for every content a file has had, as far as its file system knows; undefined without a file. */
export async function fileVersion(path: string): Promise<string | undefined> {
  const found = await ifMissing(stat(path, { bigint: true }), undefined)
  return found && `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`
}

/** Hashes a stored blob again, and removes it when it is not what its name says; false then, or without one. */
export async function recheck(folder: string, digest: string, signal: AbortSignal): Promise<boolean> {
  const found = await ifMissing(hashFile(blobPath(folder, digest), signal), undefined)
  if (found !== undefined && blobKey(found.digest) === blobKey(digest)) return true
  await removeBlob(folder, digest)
  return false
}

/**
 * Makes a file from elsewhere a blob: as a clone that shares its blocks, as a hard link, or as a copy, whatever
 * is possible first. Only of a hard link a later change in place shows in the blob too. Throws EngineError `bad_request` when it is no file, or changes while it is read.
 */
export async function takeFile(
  folder: string,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<TakenBlob> {
  // A link to a symbolic link would be one.
  const source = await realpath(path)
  if (!(await stat(source)).isFile()) throw new EngineError('bad_request', `${path} is not a file`)
  await mkdir(blobsFolder(folder), { recursive: true })
  const cloned = await clone(folder, source, signal, onBytes)
  if (cloned) return cloned
  const before = await fileVersion(source)
  const blob = await hashFile(source, signal, onBytes)
  if (await hasBlob(folder, blob.digest)) return { ...blob, how: 'existing' }
  if ((await fileVersion(source)) !== before) {
    throw new EngineError('bad_request', `${path} changed while it was read`)
  }
  const target = blobPath(folder, blob.digest)
  if (await succeeds(link(source, target), ['EEXIST', ...CANNOT_SHARE])) return { ...blob, how: 'linked' }
  return { ...(await putBlob(folder, createReadStream(source, { signal }))), how: 'copied' }
}

/** Hashes what it has, not what the source may have become; undefined where the file system cannot clone. */
async function clone(
  folder: string,
  source: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<TakenBlob | undefined> {
  const temporary = temporaryBlobPath(folder)
  try {
    const cloning = copyFile(source, temporary, constants.COPYFILE_FICLONE_FORCE)
    if (!(await succeeds(cloning, CANNOT_SHARE))) return undefined
    const blob = await hashFile(temporary, signal, onBytes)
    if (await hasBlob(folder, blob.digest)) return { ...blob, how: 'existing' }
    await syncFile(temporary)
    await place(temporary, blobPath(folder, blob.digest))
    return { ...blob, how: 'cloned' }
  } finally {
    await rm(temporary, { force: true })
  }
}

const succeeds = (work: Promise<void>, refusals: readonly string[]): Promise<boolean> =>
  unless(
    work.then(() => true),
    refusals,
    false,
  )
