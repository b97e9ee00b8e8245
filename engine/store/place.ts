import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { unless } from './missing.ts'

/**
 * Gives a file that is complete and on disk its name, so that a crash at any moment leaves all of it or none, and what
 * is written afterwards does not survive without it.
 */
export async function place(temporary: string, path: string): Promise<void> {
  await rename(temporary, path)
  const folder = await open(dirname(path))
  try {
    // Some file systems cannot sync a folder; they keep renames by other means or not at all.
    await unless(folder.sync(), ['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'], undefined)
  } finally {
    await folder.close()
  }
}
