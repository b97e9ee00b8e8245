import { EngineError } from '../../engine/errors.ts'
import { parseModelName } from '../../engine/store/name.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'
import { utcTimestamp } from '../../formats/timestamps.ts'

/** One model in the words of OpenAI's and Anthropic's clients, which read the same address. */
export interface ModelItem {
  id: string
  object: 'model'
  /** Seconds since the epoch. */
  created: number
  owned_by: string
  type: 'model'
  display_name: string
  created_at: string
  /** Tokens; null while the window is not known. */
  max_input_tokens: number | null
  max_tokens: number | null
  context_length?: number
  max_model_len?: number
  meta: { n_ctx_train: number | null; n_embd: number | null; n_params: number | null; size: number }
}

/** GET /v1/models: what can be run, here or by another server, newest first. */
export async function listModels(models: ModelStore, engine: Engine) {
  const data = (await models.list())
    .filter((model) => engine.refusal(model) === undefined)
    .map((model) => toItem(model, model.shortName, engine))
  return {
    object: 'list',
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

/** GET /v1/models/{name}. Throws EngineError `model_not_found`, also for what could never be a name. */
export async function retrieveModel(models: ModelStore, engine: Engine, rawName: string): Promise<ModelItem> {
  if (parseModelName(rawName) === undefined) {
    throw new EngineError('model_not_found', `model '${rawName}' not found`)
  }
  return toItem(await models.find(rawName), rawName, engine)
}

function toItem(model: InstalledModel, id: string, engine: Engine): ModelItem {
  const window = windowOf(model, engine)
  return {
    id,
    object: 'model',
    created: Math.floor(model.modifiedAt.getTime() / 1000),
    owned_by: model.name.namespace,
    type: 'model',
    display_name: model.shortName,
    created_at: utcTimestamp(model.modifiedAt.getTime()),
    max_input_tokens: window ?? null,
    max_tokens: window ?? null,
    ...(window === undefined ? {} : { context_length: window, max_model_len: window }),
    meta: {
      n_ctx_train: model.facts?.contextLength ?? null,
      n_embd: model.facts?.embeddingLength ?? null,
      n_params: model.facts?.parameterCount ?? null,
      size: model.sizeBytes,
    },
  }
}

/** Tokens a request may use as things stand: as loaded, or as the model's own parameters will load it. */
function windowOf(model: InstalledModel, engine: Engine): number | undefined {
  const loaded = engine.loaded().find((one) => one.model.digest === model.digest)
  if (loaded !== undefined) return loaded.contextLength
  const asked = model.parameters.num_ctx
  return typeof asked === 'number' ? Math.min(asked, model.facts?.contextLength ?? asked) : undefined
}
