import { CLOUD_DISABLED, EngineError } from '../../engine/errors.ts'
import { parseModelRef } from '../../engine/store/model-ref.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'

/** What finding a model to run needs. */
export interface Lookup {
  models: ModelStore
  engine: Pick<Engine, 'refusal'>
}

/**
 * The model a client means. Throws EngineError `invalid_model_name`, `model_not_found`, `cloud_disabled`, and what
 * `Engine.refusal` says.
 */
export async function findModel({ models, engine }: Lookup, rawName: string): Promise<InstalledModel> {
  const ref = parseModelRef(rawName)
  if (ref.source === 'cloud') throw new EngineError('cloud_disabled', CLOUD_DISABLED)
  const model = await models.find(ref.name)
  const isStub = model.weightsPath === undefined
  if (isStub && ref.source === 'local') {
    throw new EngineError('model_not_found', `model '${rawName}' not found`)
  }
  const refusal = engine.refusal(model)
  if (refusal !== undefined) throw refusal
  return model
}

/** The model for embedding and reranking: a missing one is told in the words of Ollama's scheduler. */
export async function findForEmbedding(lookup: Lookup, rawName: string): Promise<InstalledModel> {
  try {
    return await findModel(lookup, rawName)
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'model_not_found')) throw error
    throw new EngineError('model_not_found', `model "${rawName}" not found, try pulling it first`)
  }
}
