import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { Embeddings } from '../../engine/embedding/types.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import { shortFloat32 } from '../../formats/float32.ts'

/** Numbers written between two looks at other requests: about ten milliseconds. */
const NUMBERS_A_TURN = 16_384

/** Vectors as JSON numbers. Finding short digits takes a while for many, so others get their turn in between. */
export async function toNumbers(vectors: readonly Float32Array[]): Promise<number[][]> {
  const written: number[][] = []
  let sinceTurn = 0
  for (const vector of vectors) {
    written.push(Array.from(vector, shortFloat32))
    sinceTurn += vector.length
    if (sinceTurn < NUMBERS_A_TURN) continue
    sinceTurn = 0
    await nextTurn()
  }
  return written
}

/** What the log says of a finished request for embeddings or scores. */
export function summarise(
  reply: FastifyReply,
  model: InstalledModel,
  { promptTokens, loadMs, totalMs }: Omit<Embeddings, 'vectors'>,
): void {
  reply.jobSummary = { model: model.shortName, promptTokens, loadMs, promptMs: totalMs - loadMs }
}
