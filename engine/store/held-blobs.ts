import { blobFileName } from './digest.ts'

/** Blobs that somebody is about to need, so that nobody removes them as unused. */
export interface HeldBlobs {
  /** Throws EngineError `bad_request` for anything but digests. The function that comes back ends the hold. */
  add(digests: readonly string[]): () => void
  has(digest: string): boolean
}

/** Where hashes are compared: hex in either case, colon or dash. */
export const blobKey = (digest: string): string => blobFileName(digest).toLowerCase()

export function createHeldBlobs(): HeldBlobs {
  const holders = new Map<string, number>()
  return {
    add(digests) {
      const keys = digests.map(blobKey)
      for (const key of keys) holders.set(key, (holders.get(key) ?? 0) + 1)
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        for (const key of keys) {
          const left = (holders.get(key) ?? 0) - 1
          if (left > 0) holders.set(key, left)
          else holders.delete(key)
        }
      }
    },
    has: (digest) => holders.has(blobKey(digest)),
  }
}
