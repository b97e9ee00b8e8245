import type { FeedMessage } from './event-feed.ts'

/** Messages that may wait for one client. */
export const MOST_WAITING = 256

/**
 * What waits for one client. A newer state takes the place of an older one that was not sent; where that is not
 * enough, the oldest states go. Events that stand for themselves are never left out: when only they are left, the
 * box is full, and the client has to begin again with a snapshot.
 */
export interface Outbox {
  /** False when the box is full: the message is not in it, and nothing should follow. */
  put(message: FeedMessage): boolean
  /** The next message as JSON, in order of `seq`, with how many before it were left out. */
  take(): string | undefined
  size(): number
}

export function createOutbox(most: number = MOST_WAITING): Outbox {
  // A Map keeps its order, which is that of `seq`: a replaced state is entered anew, at the end.
  const waiting = new Map<string, FeedMessage>()
  let dropped = 0

  function drop(key: string | undefined): boolean {
    if (key === undefined || !waiting.delete(key)) return false
    dropped += 1
    return true
  }

  const oldestState = () => [...waiting.values()].find(({ state }) => state !== undefined)?.state

  return {
    put(message) {
      drop(message.state)
      if (waiting.size >= most && !drop(oldestState())) return false
      waiting.set(message.state ?? String(message.seq), message)
      return true
    },
    take() {
      const [next] = waiting
      if (next === undefined) return undefined
      const [key, { json }] = next
      waiting.delete(key)
      const text = dropped === 0 ? json : `${json.slice(0, -1)},"dropped":${dropped}}`
      dropped = 0
      return text
    },
    size: () => waiting.size,
  }
}
