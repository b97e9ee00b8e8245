/** Runs works one after the other, in the order they came; gives each one's outcome to who brought it. */
export type TakeTurn = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Keeps several users of the compute threads apart. Whoever comes back for more lines up behind those who wait,
 * so two users alternate.
 */
export function createTurns(): TakeTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const outcome = last.then(work)
    // A failure is for who brought the work; the next in line goes on.
    last = outcome.catch(() => {})
    return outcome
  }
}
