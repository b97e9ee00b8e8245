import { EngineError } from '../errors.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { TransferEvent } from '../registry/types.ts'
import { type LayerKind, layerType } from '../store/manifest.ts'
import { parseModelRef } from '../store/model-ref.ts'
import { hasTag, parseModelName } from '../store/name.ts'
import type { InstalledModel } from '../store/types.ts'
import type { BuiltLayer, CreateParts } from './types.ts'

const GGUF_KINDS: readonly LayerKind[] = ['model', 'projector', 'adapter', 'draft']
const GGUF_TYPES: ReadonlySet<string> = new Set(GGUF_KINDS.map(layerType))

/**
 * The model to build on; it is pulled when it is not installed and that is possible. Throws EngineError
 * `invalid_model_name`, `model_not_found`, and what the pull throws.
 */
export async function* baseModel(
  { models, pull }: CreateParts,
  from: string,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, InstalledModel> {
  const ref = parseModelRef(from)
  const name = parseModelName(ref.name)
  if (name === undefined) throw new EngineError('invalid_model_name', 'invalid model name')
  try {
    return await models.find(ref.name)
  } catch (error) {
    const isMissing = error instanceof EngineError && error.code === 'model_not_found'
    if (!isMissing || pull === undefined) throw error
  }
  for await (const event of pull({ name, hasTag: hasTag(ref.name) }, signal)) {
    // The last word of a stream is still to come: clients stop reading at the first one.
    if (event.type !== 'status' || event.text !== 'success') yield event
  }
  return await models.find(ref.name)
}

/** The layers of a model, for another one to share; each says where it comes from. */
export async function inheritedLayers(parts: CreateParts, base: InstalledModel): Promise<BuiltLayer[]> {
  const layers: BuiltLayer[] = []
  for (const { mediaType, digest, size, name } of base.layers) {
    const header = GGUF_TYPES.has(mediaType)
      ? { header: await readGgufFile(parts.models.blobPath(digest)) }
      : {}
    const named = name ? { name } : {}
    layers.push({ mediaType, digest, size, from: base.shortName, ...named, isNew: false, ...header })
  }
  return layers
}
