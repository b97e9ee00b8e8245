import { stat } from 'node:fs/promises'
import { ifMissing } from '../store/missing.ts'
import type { ModelStore } from '../store/types.ts'
import type { Downloads } from './download/shared.ts'
import type { RemoteBlob, TransferEvent } from './types.ts'

/** How often clients hear of a transfer (ollama server/download.go). */
const PROGRESS_MS = 60

/**
 * Brings a blob into the store and tells how far it is; the last event says all of it, and is the only one when it
 * was there. `locate` is asked where it lies. Throws as Downloads.fetch does.
 */
export async function* pullBlob(
  { models, downloads }: { models: ModelStore; downloads: Downloads },
  locate: (signal: AbortSignal) => Promise<RemoteBlob>,
  { digest, size }: { digest: string; size: number },
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  const blob = models.blobPath(digest)
  const text = `pulling ${digest.slice('sha256:'.length).slice(0, 12)}`
  const progress = (completed: number): TransferEvent => ({
    type: 'progress',
    text,
    digest,
    total: size,
    completed,
  })
  // A file of another size is no use, whatever happened to it: it is replaced once the right one is here.
  const stored = await ifMissing(stat(blob), undefined)
  if (!stored?.isFile() || stored.size !== size) {
    for await (const completed of downloads.fetch({ digest, blob, locate }, PROGRESS_MS, signal)) {
      yield progress(completed)
    }
  }
  yield progress(size)
}
