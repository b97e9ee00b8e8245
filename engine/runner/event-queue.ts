/** How full a queue may get before its source is asked to wait, and how empty before it may go on. */
const HIGH_WATER = 64
const LOW_WATER = 16

/** Events of one request between the channel, which pushes, and a reader, who pulls. */
export interface EventQueue<T> {
  push(item: T): void
  /** The reader gets this after what was pushed before. */
  fail(error: Error): void
  /** The next item. Rejects with the failure, or with the signal's reason as soon as it aborts. */
  next(signal: AbortSignal): Promise<T>
}

/** `onFull` and `onEmptied` alternate: the source stops at the first and goes on at the second. */
export function createEventQueue<T>(onFull: () => void, onEmptied: () => void): EventQueue<T> {
  const items: T[] = []
  let failure: Error | undefined
  let isFull = false
  let wake: (() => void) | undefined

  /** Resolves at the next push or failure, or when the signal aborts; leaves no listener behind. */
  async function pushed(signal: AbortSignal): Promise<void> {
    let stop: (() => void) | undefined
    await new Promise<void>((resolve) => {
      stop = resolve
      wake = resolve
      signal.addEventListener('abort', resolve as () => void, { once: true })
    })
    wake = undefined
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }

  return {
    push(item) {
      items.push(item)
      if (!isFull && items.length >= HIGH_WATER) {
        isFull = true
        onFull()
      }
      wake?.()
    },
    fail(error) {
      failure = error
      wake?.()
    },
    async next(signal) {
      for (;;) {
        signal.throwIfAborted()
        const item = items.shift()
        if (item !== undefined) {
          if (isFull && items.length <= LOW_WATER) {
            isFull = false
            onEmptied()
          }
          return item
        }
        if (failure !== undefined) throw failure
        await pushed(signal)
      }
    },
  }
}
