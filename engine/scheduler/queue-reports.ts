import type { Effects } from './effects.ts'
import type { State } from './state.ts'

interface QueueLength {
  model: string
  waiting: number
  running: number
}

/** Tells those who watch how many wait and work for each model, when that has changed. */
export function createQueueReports<T>(state: State<T>, { report, nameOf }: Effects<T>): () => void {
  const told = new Map<string, string>()
  return () => {
    const lengths = lengthsOf(state, nameOf)
    for (const [key, length] of lengths) {
      const text = `${length.waiting} ${length.running}`
      if (told.get(key) !== text) report({ type: 'queue', ...length })
      told.set(key, text)
    }
    for (const key of told.keys()) if (!lengths.has(key)) told.delete(key)
  }
}

function lengthsOf<T>(state: State<T>, nameOf: (tag: T) => string): Map<string, QueueLength> {
  const lengths = new Map<string, QueueLength>()
  for (const { key, tag, users } of state.residents.values()) {
    lengths.set(key, { model: nameOf(tag), waiting: 0, running: users })
  }
  for (const { key, waiters } of state.queues.values()) {
    const [first] = waiters.values()
    if (first === undefined) continue
    const { model, running } = lengths.get(key) ?? { model: nameOf(first.request.tag), running: 0 }
    lengths.set(key, { model, running, waiting: waiters.size })
  }
  return lengths
}
