import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { ReadInventory } from '../../engine/planning/inventory.ts'
import { parseModelRef, storedName } from '../../engine/store/model-ref.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { Engine, LoadedModel } from '../../engine/types.ts'
import { goQuote } from '../../formats/go-quote.ts'
import { localTimestamp } from '../../formats/timestamps.ts'
import { toLoad } from '../wire/model-load.ts'
import { RequestError } from '../wire/problem.ts'
import { toDetails, toRemote } from './details.ts'
import { text } from './fields.ts'
import { orNotFound } from './lookup.ts'
import { omitEmpty } from './omit-empty.ts'
import { toPlanning } from './plan-view.ts'

/** GET /api/tags: every installed model, newest first. */
export async function listModels(models: ModelStore) {
  return { models: (await models.list()).map(toListed) }
}

const toListed = (model: InstalledModel) => ({
  name: model.shortName,
  model: model.shortName,
  ...toRemote(model),
  modified_at: localTimestamp(model.modifiedAt.getTime()),
  size: model.sizeBytes,
  digest: model.digest,
  details: toDetails(model),
  ...omitEmpty({ capabilities: model.capabilities }),
})

/**
 * GET /api/ps: every loaded model, the one that stays longest first. Beside Ollama's fields `cpu_reason` says why a
 * model has nothing on a GPU where the machine is the reason.
 */
export async function listLoaded(engine: Engine, inventory: ReadInventory | undefined) {
  const loaded = engine.loaded()
  const isOnCpu = ({ sizeVramBytes }: LoadedModel) => sizeVramBytes === 0
  const cpuReason = loaded.some(isOnCpu) ? (await inventory?.())?.cpuReason : undefined
  return { models: loaded.map((one) => toLoaded(one, isOnCpu(one) ? cpuReason : undefined)) }
}

const toLoaded = ({ model, ...loaded }: LoadedModel, cpuReason: string | undefined) => ({
  name: model.shortName,
  model: model.shortName,
  size: loaded.sizeBytes,
  digest: model.digest,
  details: toDetails(model),
  expires_at: localTimestamp(loaded.expiresAtMs),
  size_vram: loaded.sizeVramBytes,
  context_length: loaded.contextLength,
  ...(cpuReason === undefined ? {} : { cpu_reason: cpuReason }),
  // Not Ollama's: what the model is doing, and how it was planned.
  snug: { ...toLoad(loaded), ...toPlanning(loaded) },
})

export const DeleteRequest = z
  .object({ model: text().describe('Model to remove'), name: text().describe('Older name of `model`') })
  .meta({ id: 'OllamaDeleteRequest', title: 'DeleteRequest' })

/** DELETE /api/delete: removes a model from disk. One that is loaded keeps running until it expires. */
export async function deleteModel(
  models: ModelStore,
  body: z.output<typeof DeleteRequest>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const rawName = body.model || body.name
  if (rawName === '') throw new RequestError(400, 'model is required')
  // A stub is stored with its cloud suffix as part of the tag.
  await orNotFound(() => models.delete(storedName(parseModelRef(rawName))), {
    invalid: `name ${goQuote(rawName)} is invalid`,
    notFound: `model '${rawName}' not found`,
  })
  return reply.send()
}
