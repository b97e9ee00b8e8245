import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient, RegistryError } from './error.ts'

/** How often something is tried, and how long to wait. */
export interface Retry {
  tries: number
  /** Milliseconds after the first failure; each next wait is twice as long. */
  firstDelayMs: number
}

/**
 * Does work until it succeeds, as long as what goes wrong may pass. Throws RegistryError, `max retries exceeded: …`
 * after the last try, or the signal's AbortError.
 */
export async function withRetries<T>(
  { tries, firstDelayMs }: Retry,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RegistryError) || !isTransient(error)) throw error
      if (failed >= tries) {
        throw new RegistryError(error.failure, `max retries exceeded: ${error.message}`, { cause: error })
      }
    }
    await sleep(firstDelayMs * 2 ** (failed - 1), undefined, { signal })
  }
}
