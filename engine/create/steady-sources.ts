import { EngineError } from '../errors.ts'
import type { ModelStore } from '../store/types.ts'

/**
 * Does work that reads blobs. What it makes of one that somebody changes or cuts meanwhile is worth nothing, and such a
 * blob is removed unless it still is what its name says, so that it can be uploaded again. Throws EngineError
 * `create_failed` then, else what `work` throws, or the reason of `signal`.
 */
export async function withSteadySources<T>(
  models: ModelStore,
  digests: readonly string[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const before = await versionsOf(models, digests)
  signal.throwIfAborted()
  const result = await settled(work())
  const after = await versionsOf(models, digests)
  for (const [index, digest] of digests.entries()) {
    if (signal.aborted || before[index] === after[index]) continue
    const isWhole = await models.recheck(digest, signal)
    const advice = isWhole ? 'try again' : 'it is damaged and removed: upload it again'
    const cause = 'error' in result ? result.error : undefined
    throw new EngineError('create_failed', `blob ${digest} changed while it was read, ${advice}`, { cause })
  }
  if ('error' in result) throw result.error
  return result.value
}

const versionsOf = (models: ModelStore, digests: readonly string[]) =>
  Promise.all(digests.map((digest) => models.blobVersion(digest)))

async function settled<T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await work }
  } catch (error) {
    return { error }
  }
}
