import { EngineError } from '../../engine/errors.ts'
import { parseModelRef } from '../../engine/store/model-ref.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import { RequestError } from '../wire/problem.ts'

/**
 * The model a client means. Throws EngineError `invalid_model_name` or `model_not_found`, and RequestError
 * 403 for one that only runs on somebody else's machine: this server never forwards a request.
 */
export async function findModel(models: ModelStore, rawName: string): Promise<InstalledModel> {
  const ref = parseModelRef(rawName)
  if (ref.source === 'cloud') throw cloudModel()
  const model = await models.find(ref.name)
  if (model.weightsPath !== undefined) return model
  if (ref.source === 'local') throw new EngineError('model_not_found', `model '${rawName}' not found`)
  throw cloudModel()
}

/** The model for embedding and reranking: a missing one is told in the words of Ollama's scheduler. */
export async function findForEmbedding(models: ModelStore, rawName: string): Promise<InstalledModel> {
  try {
    return await findModel(models, rawName)
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'model_not_found')) throw error
    throw new EngineError('model_not_found', `model "${rawName}" not found, try pulling it first`)
  }
}

const cloudModel = () =>
  new RequestError(403, 'ollama cloud is disabled: remote model is unavailable', 'model')
