import { randomUUID } from 'node:crypto'

/** What every object of one reply repeats. */
export interface Head<O extends string> {
  id: string
  object: O
  /** Seconds since the epoch. */
  created: number
  /** The model as the client wrote it. */
  model: string
  system_fingerprint: string
}

/** A fresh head; ids are random, so that replies of different servers never collide. */
export function newHead<O extends string>(idPrefix: string, object: O, model: string): Head<O> {
  return {
    id: `${idPrefix}-${randomUUID().replaceAll('-', '')}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model,
    // Ollama's; clients that look at it look for this one.
    system_fingerprint: 'fp_ollama',
  }
}
