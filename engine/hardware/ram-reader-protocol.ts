/** What the thread that reads memory and the one that started it tell each other. */
export interface ReaderTask {
  bytes: number
  /** One Int32: what to do. */
  shared: SharedArrayBuffer
}

/** What the shared word says. */
export const COMMAND = { wait: 0, read: 1, stop: 2 } as const

/** First that the memory is there, then the bytes read and the milliseconds it took. */
export type ReaderMessage = { type: 'ready' } | { type: 'result'; bytes: number; ms: number }
