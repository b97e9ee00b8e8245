/** Waits for `work`; when its file or folder is not there (any more), gives `otherwise`. */
export const ifMissing = <T, U>(work: Promise<T>, otherwise: U): Promise<T | U> =>
  unless(work, ['ENOENT', 'ENOTDIR'], otherwise)

/** Waits for `work`; when the file system refuses with one of these codes, gives `otherwise`. */
export async function unless<T, U>(work: Promise<T>, codes: readonly string[], otherwise: U): Promise<T | U> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && codes.includes(String(error.code))) return otherwise
    throw error
  }
}

/** What was thrown, as an error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown))
