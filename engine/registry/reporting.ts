/** As often as Ollama reports (server/upload.go). */
const EVERY_MS = 60

/**
 * Runs work that reports a number now and then; gives the latest one at a steady pace while the work goes on.
 * Leaving the loop early aborts the work. Throws what the work throws.
 */
export async function* reporting(
  signal: AbortSignal,
  work: (report: (value: number) => void, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<number> {
  const left = new AbortController()
  let latest = 0
  let isOver = false
  const done = work(
    (value) => {
      latest = value
    },
    AbortSignal.any([signal, left.signal]),
  ).finally(() => {
    isOver = true
  })
  // Looked at below, possibly after it failed.
  done.catch(() => {})
  try {
    while (!isOver) {
      await pause(done)
      if (!isOver) yield latest
    }
    await done
  } finally {
    left.abort()
    await done.catch(() => {})
  }
}

/** Until the work is over or it is time to report. */
async function pause(done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, EVERY_MS)
  })
  await Promise.race([done.catch(() => {}), late])
  clearTimeout(timer)
}
