/**
 * The promise's value, unless `signal` aborts first: then it throws the signal's reason. The promise goes on, and
 * nobody hears of it any more.
 */
export async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Runs `work` with a signal that aborts after `ms`; throws `error` when that is why it failed. */
export async function withDeadline<T>(
  ms: number,
  error: Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(error), ms)
  try {
    return await work(stop.signal)
  } catch (thrown) {
    throw stop.signal.aborted ? error : thrown
  } finally {
    clearTimeout(timer)
  }
}
