import { statfs } from 'node:fs/promises'
import { EngineError } from '../../errors.ts'
import { asError } from '../../store/missing.ts'
import { isNoRoom } from '../../store/no-room.ts'

/** The disk will not take the data. Trying again does not help, so nobody does. */
export class DiskError extends EngineError {}

/** What the file system said, in words for whoever pulls; all that is no such thing passes unchanged. */
export function asDiskError(thrown: unknown, folder: string): Error {
  const error = asError(thrown)
  if (!('code' in error) || error instanceof EngineError) return error
  if (!isNoRoom(error)) {
    return new DiskError('pull_failed', error.message, { cause: error })
  }
  const advice = 'free some space and pull again: what has come so far is kept'
  return new DiskError('pull_failed', `write ${folder}: no space left on device; ${advice}`, { cause: error })
}

/** Throws DiskError when `bytes` more do not fit. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(folder)
  const free = bavail * bsize
  // Some network file systems do not know their size and say 0.
  if (blocks === 0 || bytes <= free) return
  const numbers = `${gigabytes(bytes)} more are needed, ${gigabytes(free)} are free`
  throw new DiskError('pull_failed', `write ${folder}: no space left on device: ${numbers}`)
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`
