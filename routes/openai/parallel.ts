/** An item and which source it came from. */
export interface Indexed<T> {
  index: number
  item: T
}

/** Starts one source; it should end soon after the signal aborts. */
export type Open<T> = (signal: AbortSignal) => AsyncIterable<T>

type Arrival<T> = Indexed<IteratorResult<T> | { error: unknown }>

/**
 * Runs sources side by side, at most `limit` at a time, and passes their items on as they come. A source is
 * asked for its next item only after the last one was taken, so a slow reader slows them all. When one
 * fails or the reader leaves, the others are cancelled and have ended before this ends.
 */
export async function* merge<T>(
  sources: readonly Open<T>[],
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Indexed<T>> {
  const others = new AbortController()
  const both = AbortSignal.any([signal, others.signal])
  const running = new Map<number, AsyncIterator<T>>()
  const arrivals: Arrival<T>[] = []
  let wake = () => {}
  const arrive = (arrival: Arrival<T>) => {
    arrivals.push(arrival)
    wake()
  }
  const pull = (index: number) =>
    running
      .get(index)
      ?.next()
      .then(
        (item) => arrive({ index, item }),
        (error: unknown) => arrive({ index, item: { error } }),
      )
  const unstarted = sources.entries()
  const fill = () => {
    while (running.size < limit) {
      const { value } = unstarted.next()
      if (value === undefined) return
      const [index, open] = value
      running.set(index, open(both)[Symbol.asyncIterator]())
      void pull(index)
    }
  }
  try {
    fill()
    while (running.size > 0) {
      const arrival = arrivals.shift()
      if (arrival === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const { index, item } = arrival
      if ('error' in item) throw item.error
      if (item.done === true) {
        running.delete(index)
        fill()
        continue
      }
      yield { index, item: item.value }
      void pull(index)
    }
  } finally {
    others.abort()
    await Promise.allSettled([...running.values()].map((source) => source.return?.()))
  }
}
