import type { FileHandle } from 'node:fs/promises'
import { asDiskError } from './disk-error.ts'
import { writePart } from './files.ts'
import type { Part } from './parts.ts'
import { appendPieces, type PieceMap } from './pieces.ts'

/** A blob that is being fetched, and what of it would survive a crash. */
export interface Progress {
  blob: string
  folder: string
  file: FileHandle
  parts: readonly Part[]
  pieces: PieceMap
}

/**
 * Puts progress on disk every `everyMs` until it is stopped, and then once more. The order matters: first the data,
 * then its checksums, then the part files, which say that the data is there. `onFailure` hears of a disk that takes
 * no more; stopping rejects with DiskError then.
 */
export function keepSaving(
  progress: Progress,
  everyMs: number,
  onFailure: (error: Error) => void,
): { stop(): Promise<void> } {
  const saved = new Map(progress.parts.map(({ n, completed }) => [n, completed]))
  let saving: Promise<void> = Promise.resolve()
  let isSaving = false
  const save = () => {
    isSaving = true
    saving = saving
      .then(() => saveOnce(progress, saved))
      .catch((error) => Promise.reject(asDiskError(error, progress.folder)))
      .finally(() => {
        isSaving = false
      })
    return saving
  }
  const timer = setInterval(() => {
    if (!isSaving) save().catch(onFailure)
  }, everyMs)
  return {
    stop() {
      clearInterval(timer)
      return save()
    },
  }
}

async function saveOnce(progress: Progress, saved: Map<number, number>): Promise<void> {
  const { blob, file, parts, pieces } = progress
  const due = pieces.takeUnsaved()
  if (due.length === 0) return
  const changed = parts.filter(({ n, completed }) => saved.get(n) !== completed).map((part) => ({ ...part }))
  await file.datasync()
  await appendPieces(blob, due)
  for (const part of changed) {
    await writePart(blob, part)
    saved.set(part.n, part.completed)
  }
}
