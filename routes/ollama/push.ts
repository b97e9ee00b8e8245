import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { pushModel } from '../../engine/registry/push.ts'
import type { Registries } from '../../engine/registry/types.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import { RequestError } from '../wire/problem.ts'
import { jobSignal } from '../wire/run-job.ts'
import { flag, text } from './fields.ts'
import { sendTransfer } from './transfer.ts'

export const PushRequest = z
  .object({
    model: text().describe('Model to push; its name begins with the registry'),
    name: text().describe('Older name of `model`'),
    insecure: flag().describe('Speak http with the registry instead of https'),
    stream: flag(true).describe('Report progress line by line'),
    username: text().describe('Ignored: registries know this server by its key'),
    password: text().describe('Ignored'),
  })
  .meta({ id: 'OllamaPushRequest', title: 'PushRequest' })

/** POST /api/push: brings a model to a registry. */
export async function push(
  { models, registries }: { models: ModelStore; registries: Registries },
  body: z.output<typeof PushRequest>,
  reply: FastifyReply,
): Promise<object> {
  const name = body.model || body.name
  if (name === '') throw new RequestError(400, 'model is required')
  const { insecure } = body
  return sendTransfer(
    reply,
    pushModel({ registries, models, name, insecure, signal: jobSignal(reply) }),
    body.stream,
  )
}
