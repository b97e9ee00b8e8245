import type { TransferEvent } from '../registry/types.ts'

/**
 * The events that `work` reports while it runs, and then its result. Of events that come faster than they are read
 * only the last one is kept. Whoever stops reading aborts the signal that `work` gets, and waits for its end.
 */
export async function* reporting<T>(
  work: (report: (event: TransferEvent) => void, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, T> {
  const left = new AbortController()
  let pending: TransferEvent | undefined
  let wake = () => {}
  const report = (event: TransferEvent) => {
    pending = event
    wake()
  }
  let isRunning = true
  const running = work(report, AbortSignal.any([signal, left.signal]))
  const ended = running
    .catch(() => {})
    .then(() => {
      isRunning = false
      wake()
    })
  try {
    while (isRunning || pending !== undefined) {
      if (pending === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const event = pending
      pending = undefined
      yield event
    }
    return await running
  } finally {
    left.abort()
    await ended
  }
}
