import { EngineError } from '../errors.ts'
import type { TransferEvent } from '../registry/types.ts'
import type { LayerKind } from '../store/manifest.ts'
import type { ModelStore } from '../store/types.ts'
import { convertedLayer } from './from-safetensors.ts'
import { ggufLayer, isGguf } from './gguf-layer.ts'
import { mergedSplits } from './merge-splits.ts'
import type { BuiltLayer, CreateParts } from './types.ts'

type Files = Readonly<Record<string, string>>

/**
 * The layers that uploaded files make, in the order of their names. They are what they say they are unless `kind`
 * says so. Throws EngineError `bad_request` in Ollama's words, `create_failed` and `convert_failed`.
 */
export async function* layersOfFiles(
  parts: CreateParts,
  files: Files,
  signal: AbortSignal,
  kind?: LayerKind,
): AsyncGenerator<TransferEvent, BuiltLayer[]> {
  const format = await formatOf(parts.models, files)
  if (format === undefined) throw new EngineError('bad_request', 'unknown type')
  if (format === 'safetensors') return [yield* convertedLayer(parts.models, files, signal, kind)]
  const names = Object.keys(files).sort()
  if (kind === 'adapter' && names.length > 1) {
    throw new EngineError('bad_request', 'only one adapter is currently supported')
  }
  const layers: Awaited<ReturnType<typeof ggufLayer>>[] = []
  for (const name of names) {
    signal.throwIfAborted()
    yield { type: 'status', text: 'parsing GGUF' }
    layers.push(await ggufLayer(parts.models, name, files[name] ?? '', kind))
  }
  return yield* mergedSplits(parts.models, layers, signal)
}

/** By the names of the files; GGUF files are known without a name too. */
async function formatOf(models: ModelStore, files: Files): Promise<'gguf' | 'safetensors' | undefined> {
  const names = Object.keys(files)
  if (names.some((name) => name.endsWith('.safetensors'))) return 'safetensors'
  if (names.some((name) => name.endsWith('.gguf'))) return 'gguf'
  for (const [name, digest] of Object.entries(files)) {
    if (await isGguf(models, name, digest)) return 'gguf'
  }
  return undefined
}
