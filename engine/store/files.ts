import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, link, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { blobPath, hasBlob, putBlob, temporaryBlobPath } from './blobs.ts'
import { blobsFolder } from './layout.ts'
import type { BlobRef } from './manifest.ts'
import { unless } from './missing.ts'

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
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(path, blobPath(folder, blob.digest))
  return blob
}

/**
 * Makes a file from elsewhere a blob: as a hard link, as a clone that shares its blocks, or as a copy, whatever
 * is possible first. Throws EngineError `bad_request` when it is no file, or changes while it is read.
 */
export async function takeFile(
  folder: string,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<TakenBlob> {
  // A link to a symbolic link would be one.
  const source = await realpath(path)
  const before = await stat(source)
  if (!before.isFile()) throw new EngineError('bad_request', `${path} is not a file`)
  await mkdir(blobsFolder(folder), { recursive: true })
  const blob = await hashFile(source, signal, onBytes)
  if (await hasBlob(folder, blob.digest)) return { ...blob, how: 'existing' }
  const after = await stat(source)
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new EngineError('bad_request', `${path} changed while it was read`)
  }
  const target = blobPath(folder, blob.digest)
  if (await succeeds(link(source, target), ['EEXIST', ...CANNOT_SHARE])) return { ...blob, how: 'linked' }
  if (await clone(source, target, temporaryBlobPath(folder))) return { ...blob, how: 'cloned' }
  return { ...(await putBlob(folder, createReadStream(source, { signal }))), how: 'copied' }
}

async function clone(source: string, target: string, temporary: string): Promise<boolean> {
  try {
    const isCloned = await succeeds(
      copyFile(source, temporary, constants.COPYFILE_FICLONE_FORCE),
      CANNOT_SHARE,
    )
    if (isCloned) await rename(temporary, target)
    return isCloned
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
