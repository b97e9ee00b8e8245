import { EngineError } from '../errors.ts'
import type { TransferEvent } from '../registry/types.ts'
import { configBytes, type NewConfig } from '../store/config-blob.ts'
import { digestOf } from '../store/digest.ts'
import { layerType, manifestBytes } from '../store/manifest.ts'
import type { InstalledModel, ModelName } from '../store/types.ts'
import { checkRequest } from './check.ts'
import { describedBy, startingConfig } from './config.ts'
import { layersOfFiles } from './from-files.ts'
import { baseModel, inheritedLayers } from './from-model.ts'
import { quantized } from './quantize.ts'
import { remoteOf } from './remote.ts'
import { checkTemplate, withTexts } from './text-layers.ts'
import type { BuiltLayer, CreateModel, CreateParts, CreateRequest } from './types.ts'

/** A function that makes models out of others and of uploaded files. */
export const createModels = (parts: CreateParts): CreateModel =>
  async function* (request, signal) {
    const name = checkRequest(request)
    if (request.template !== '') checkTemplate(request.template)
    const holds: (() => void)[] = []
    const hold = (digest: string) => void holds.push(parts.models.hold([digest]))
    try {
      for (const files of [request.files, request.draftFiles, request.adapters]) {
        Object.values(files ?? {}).forEach(hold)
      }
      yield* create({ parts, request, name, signal, hold })
    } finally {
      for (const release of holds) release()
    }
  }

interface Work {
  parts: CreateParts
  request: CreateRequest
  name: ModelName
  signal: AbortSignal
  /** Keeps a blob from being removed until the model is there. */
  hold: (digest: string) => void
}

async function* create(work: Work): AsyncGenerator<TransferEvent> {
  const { parts, request, name, signal, hold } = work
  const remote = remoteOf(request)
  const hasDraft = Object.keys(request.draftFiles ?? {}).length > 0
  if (remote && hasDraft) throw new EngineError('bad_request', 'DRAFT cannot be used with remote models')

  const base = remote || request.from === '' ? undefined : yield* baseModel(parts, request.from, signal)
  for (const { digest } of base?.layers ?? []) hold(digest)
  const start: NewConfig = { ...startingConfig(request, base), ...remote }
  const weights = remote ? [] : yield* weightLayers(work, base)
  for (const { digest } of weights) hold(digest)
  const { config, stop } = describedBy(start, weights)

  const parameters = {
    ...base?.parameters,
    ...(stop === undefined ? {} : { stop: [stop] }),
    ...request.parameters,
  }
  const layers = await withTexts(parts.models, weights, { ...request, parameters }, hold)
  const bytes = configBytes(config, layers)
  hold(digestOf(bytes))
  const configBlob = await parts.models.putBlob([bytes])
  for (const { isNew, digest } of layers) {
    yield { type: 'status', text: `${isNew ? 'creating new' : 'using existing'} layer ${digest}` }
  }
  yield { type: 'status', text: 'writing manifest' }
  signal.throwIfAborted()
  await parts.models.install(name, manifestBytes(configBlob, layers))
  yield { type: 'status', text: 'success' }
}

/** All layers that are not texts of this request: those of the base, of files, of adapters and drafts. */
async function* weightLayers(
  { parts, request, signal }: Work,
  base: InstalledModel | undefined,
): AsyncGenerator<TransferEvent, BuiltLayer[]> {
  const { files = {}, adapters, draftFiles } = request
  const main = base ? await inheritedLayers(parts, base) : yield* layersOfFiles(parts, files, signal)
  const draft = draftFiles ? yield* layersOfFiles(parts, draftFiles, signal, 'draft') : []
  const adapter = adapters ? yield* layersOfFiles(parts, adapters, signal, 'adapter') : []
  const layers: BuiltLayer[] = []
  for (const layer of [...main, ...adapter, ...draft]) {
    const type = wantedType(layer, request)
    const { header } = layer
    if (type === '' || header === undefined) layers.push(layer)
    else layers.push(yield* quantized(parts, { ...layer, header }, type, signal))
  }
  return layers
}

function wantedType({ mediaType }: BuiltLayer, { quantize, draftQuantize }: CreateRequest): string {
  if (mediaType === layerType('model')) return quantize
  return mediaType === layerType('draft') ? draftQuantize : ''
}
