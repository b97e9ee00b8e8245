import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { blobFileName } from './digest.ts'
import { blobsFolder } from './layout.ts'
import type { BlobRef } from './manifest.ts'
import { ifMissing } from './missing.ts'
import { orNoRoom } from './no-room.ts'
import { place } from './place.ts'

/** Where a blob lies. Throws EngineError `bad_request` for anything but a digest. */
export const blobPath = (folder: string, digest: string): string =>
  join(blobsFolder(folder), blobFileName(digest))

/** The blob is stored in full. */
export const hasBlob = (folder: string, digest: string): Promise<boolean> =>
  ifMissing(
    stat(blobPath(folder, digest)).then((found) => found.isFile()),
    false,
  )

/** A free path beside the blobs, for a file that is to become one. What is left there is swept away later. */
export const temporaryBlobPath = (folder: string): string => join(blobsFolder(folder), `tmp-${randomUUID()}`)

/**
 * Stores content under its hash. The blob appears under its name only when it is complete and on disk; what an
 * interrupted call leaves behind has a name that is swept away at a later start, by Snug and by Ollama. Throws
 * EngineError `create_failed` when there is no room, and what the file system or the content says.
 */
export async function putBlob(
  folder: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<BlobRef> {
  await mkdir(blobsFolder(folder), { recursive: true })
  const temporary = temporaryBlobPath(folder)
  try {
    const { digest, size } = await writeHashed(temporary, content)
    await place(temporary, blobPath(folder, digest))
    return { digest, size }
  } catch (error) {
    await rm(temporary, { force: true })
    return orNoRoom(blobsFolder(folder))(error)
  }
}

async function writeHashed(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<BlobRef> {
  const hash = createHash('sha256')
  const file = await open(path, 'wx', 0o644)
  try {
    let size = 0
    for await (const chunk of content) {
      hash.update(chunk)
      await file.writeFile(chunk)
      size += chunk.length
    }
    await file.sync()
    return { digest: `sha256:${hash.digest('hex')}`, size }
  } finally {
    await file.close()
  }
}

/** Removes a blob; one that is already gone is fine. */
export const removeBlob = (folder: string, digest: string): Promise<void> =>
  ifMissing(unlink(blobPath(folder, digest)), undefined)
