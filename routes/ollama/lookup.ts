import { CLOUD_DISABLED, EngineError } from '../../engine/errors.ts'
import { type ModelRef, parseModelRef } from '../../engine/store/model-ref.ts'
import { parseModelName } from '../../engine/store/name.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'
import { RequestError } from '../wire/problem.ts'

/** How an endpoint words what is wrong with a name. */
export interface Wording {
  invalid: string
  notFound: string
  /** For models of Ollama's cloud: nothing is ever sent there. */
  cloud: string
}

/**
 * The model a client means by `rawName`, taking `:local` and `:cloud` into account. Throws RequestError:
 * 400 for a bad name, 403 for a cloud model, 404 for one that is not installed.
 */
export async function findModel(
  models: ModelStore,
  rawName: string,
  wording: Wording,
): Promise<{ model: InstalledModel; ref: ModelRef }> {
  const ref = readModelRef(rawName, wording)
  return { model: await orNotFound(() => models.find(ref.name), wording), ref }
}

/** What of a name can be refused without looking for its model. Throws RequestError 400 or 403. */
export function readModelRef(rawName: string, wording: Wording): ModelRef {
  const ref = parseModelRef(rawName)
  if (parseModelName(ref.name) === undefined) throw new RequestError(400, wording.invalid)
  if (ref.source === 'cloud') throw new RequestError(403, wording.cloud)
  return ref
}

/** Puts a failed lookup into the words of the endpoint. */
export async function orNotFound<T>(lookup: () => Promise<T>, wording: Omit<Wording, 'cloud'>): Promise<T> {
  try {
    return await lookup()
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    if (error.code === 'model_not_found') throw new RequestError(404, wording.notFound)
    if (error.code === 'invalid_model_name') throw new RequestError(400, wording.invalid)
    throw error
  }
}

const inferenceWording = (rawName: string): Wording => ({
  invalid: 'invalid model name',
  notFound: `model '${rawName}' not found`,
  cloud: CLOUD_DISABLED,
})

/** The endpoints for embeddings say where a model that is not there can be had. */
export const embeddingWording = (rawName: string): Wording => ({
  ...inferenceWording(rawName),
  notFound: `model "${rawName}" not found, try pulling it first`,
})

/** The model for generate and chat. Throws like findModel. */
export async function findForInference(
  models: ModelStore,
  rawName: string,
): Promise<{ model: InstalledModel; ref: ModelRef }> {
  return findModel(models, rawName, inferenceWording(rawName))
}

/**
 * Refuses a stub where a model of this machine is asked for, and one whose server must not be asked. Throws
 * RequestError 404, and what `Engine.refusal` says.
 */
export function refuseStub(
  engine: Engine,
  { model, ref }: { model: InstalledModel; ref: ModelRef },
  rawName: string,
): void {
  const isStub = model.weightsPath === undefined
  if (isStub && ref.source === 'local') throw new RequestError(404, inferenceWording(rawName).notFound)
  const refusal = engine.refusal(model)
  if (refusal !== undefined) throw refusal
}
