import { rm } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { fileTypeText } from '../gguf/file-type.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { parseQuantizationType, type QuantizationType } from '../quantization.ts'
import type { TransferEvent } from '../registry/types.ts'
import { layerType } from '../store/manifest.ts'
import { reporting } from './reporting.ts'
import { withSteadySources } from './steady-sources.ts'
import type { BuiltLayer, ChooseType, CreateParts } from './types.ts'

/** What has lost nothing that quantizing needs. */
const SOURCES: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16'])

/**
 * A layer of weights in another type; the same layer when it has that type already. Throws EngineError
 * `quantize_failed`.
 */
export async function* quantized(
  { models, quantize, chooseType }: CreateParts,
  layer: BuiltLayer & { header: GgufHeader },
  wanted: string,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, BuiltLayer> {
  const source = sourceType(layer.header)
  const named = isAutomatic(wanted) ? undefined : parseQuantizationType(wanted)
  if (!SOURCES.has(source)) throw cannotStartFrom(source, layer)
  const type = named ?? (await chosenType(chooseType, layer.header))
  if (source === type) return layer
  if (quantize === undefined) throw new EngineError('quantize_failed', 'this server cannot quantize models')
  const text = `quantizing ${source} model to ${type}`
  const { digest, size: total } = layer
  const to = models.temporaryPath()
  try {
    const job = { from: models.blobPath(digest), to, type }
    yield* reporting(async (report, stop) => {
      const progress = (fraction: number) =>
        report({ type: 'progress', text, digest, total, completed: Math.floor(fraction * total) })
      await withSteadySources(models, [digest], stop, () => {
        progress(0)
        return quantize(job, stop, progress)
      })
    }, signal)
    yield { type: 'status', text: 'verifying conversion' }
    const header = await readGgufFile(to)
    const blob = await models.putFile(to, signal)
    return { mediaType: layer.mediaType, ...blob, isNew: true, header }
  } finally {
    await rm(to, { force: true })
  }
}

/** The word for a type that suits the machine. */
export const isAutomatic = (wanted: string): boolean => wanted.toLowerCase() === 'auto'

async function chosenType(chooseType: ChooseType | undefined, header: GgufHeader): Promise<QuantizationType> {
  if (chooseType !== undefined) return chooseType(header)
  throw new EngineError('quantize_failed', 'this server cannot choose a quantization type: name one')
}

/** As files say themselves; those that do not are what most of their bytes are. */
function sourceType({ metadata, tensors }: GgufHeader): string {
  const fileType = metadata.get('general.file_type')
  // llama.cpp's LLAMA_FTYPE_ALL_F32.
  if (fileType === 0) return 'F32'
  if (typeof fileType === 'number') return fileTypeText(fileType)
  const bytes = new Map<string, number>()
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes)
  const [most] = [...bytes].toSorted(([, a], [, b]) => b - a)
  return most?.[0] ?? 'unknown'
}

/** Ollama's words (server/create.go). */
const cannotStartFrom = (source: string, { mediaType }: BuiltLayer) =>
  new EngineError(
    'quantize_failed',
    mediaType === layerType('draft')
      ? `draft quantization requires an unquantized draft model, got ${source}`
      : 'quantization is only supported for F16, BF16 and F32 models',
  )
