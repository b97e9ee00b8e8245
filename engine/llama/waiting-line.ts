import type { RunnerRequest } from '../backend.ts'
import type { Waiting } from './admission.ts'
import type { Task } from './slots.ts'

/** Requests without a slot, in order of arrival. */
export interface WaitingLine {
  /** `preparations` (a sampler that takes long to make, a state on disk) end before it is its turn; none may reject. */
  add(id: number, request: RunnerRequest, preparations: readonly Promise<void>[]): void
  /** In front of all others: it was at work before they came. */
  putBack(waiting: Waiting): void
  /** The first whose preparations have ended. It stays until `take`. */
  next(): Waiting | undefined
  take(waiting: Waiting): void
  /** Forgets the request, if it is here. */
  cancel(id: number): void
  /** The task of a request that was put back. */
  taskOf(id: number): Task | undefined
  size(): number
  clear(): void
}

/** Nobody waits yet. `onReady` is called when a request's preparations have ended. */
export function createWaitingLine(onReady: () => void): WaitingLine {
  let line: Waiting[] = []
  const preparing = new Set<Waiting>()

  async function prepare(waiting: Waiting, preparations: readonly Promise<void>[]): Promise<void> {
    await Promise.all(preparations)
    preparing.delete(waiting)
    onReady()
  }

  return {
    add(id, request, preparations) {
      const waiting: Waiting = { id, request }
      line.push(waiting)
      if (preparations.length === 0) return
      preparing.add(waiting)
      void prepare(waiting, preparations)
    },
    putBack: (waiting) => void line.unshift(waiting),
    next: () => line.find((waiting) => !preparing.has(waiting)),
    take(waiting) {
      line = line.filter((other) => other !== waiting)
    },
    cancel(id) {
      const gone = line.find((waiting) => waiting.id === id)
      gone?.task?.sampler.close()
      line = line.filter((waiting) => waiting !== gone)
    },
    taskOf: (id) => line.find((waiting) => waiting.id === id)?.task,
    size: () => line.length,
    clear() {
      line = []
    },
  }
}
