import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { parseModelName } from '../../engine/store/name.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import { goQuote } from '../../formats/go-quote.ts'
import { RequestError } from '../wire/problem.ts'
import { text } from './fields.ts'
import { orNotFound } from './lookup.ts'

export const CopyRequest = z
  .object({
    source: text().describe('Model to copy'),
    destination: text().describe('Name it gets besides its own'),
  })
  .meta({ id: 'OllamaCopyRequest', title: 'CopyRequest' })

/** POST /api/copy: another name for a model. Weights are shared, not copied. */
export async function copyModel(
  models: ModelStore,
  { source, destination }: z.output<typeof CopyRequest>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const invalid = `source ${goQuote(source)} is invalid`
  if (parseModelName(source) === undefined) throw new RequestError(400, invalid)
  if (parseModelName(destination) === undefined) {
    throw new RequestError(400, `destination ${goQuote(destination)} is invalid`)
  }
  const notFound = `model ${goQuote(source)} not found`
  await orNotFound(() => models.copy(source, destination), { invalid, notFound })
  return reply.send()
}
