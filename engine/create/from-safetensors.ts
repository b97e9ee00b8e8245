import { rm } from 'node:fs/promises'
import { convertSafetensors } from '../convert/convert.ts'
import { refused } from '../convert/refuse.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { TransferEvent } from '../registry/types.ts'
import { canonicalDigest } from '../store/digest.ts'
import { type LayerKind, layerType } from '../store/manifest.ts'
import type { ModelStore } from '../store/types.ts'
import { reporting } from './reporting.ts'
import { withSteadySources } from './steady-sources.ts'
import type { BuiltLayer } from './types.ts'
import { sizeOfUpload } from './upload.ts'

/**
 * The layer that a model in safetensors makes once it is GGUF; `files` are its uploaded files by name. Throws
 * EngineError `convert_failed` that says what cannot be converted, and `create_failed` for a file that is not there.
 */
export async function* convertedLayer(
  models: ModelStore,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
  kind: LayerKind = 'model',
): AsyncGenerator<TransferEvent, BuiltLayer> {
  if (kind === 'adapter') throw refused('adapters in safetensors cannot be converted')
  const text = 'converting model'
  yield { type: 'status', text }
  const paths = new Map<string, string>()
  const digests: string[] = []
  let total = 0
  let first: string | undefined
  for (const [name, uploaded] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const digest = canonicalDigest(uploaded)
    total += await sizeOfUpload(models, name, digest)
    paths.set(name, models.blobPath(digest))
    digests.push(digest)
    if (name.endsWith('.safetensors')) first ??= digest
  }
  const to = models.temporaryPath()
  try {
    yield* reporting(async (report, stop) => {
      const onProgress = (fraction: number) => {
        const completed = Math.floor(fraction * total)
        report({ type: 'progress', text, digest: first ?? '', total, completed })
      }
      const convert = () => convertSafetensors(paths, to, { signal: stop, onProgress })
      await withSteadySources(models, digests, stop, convert)
    }, signal)
    const header = await readGgufFile(to)
    const blob = await models.putFile(to, signal)
    return { mediaType: layerType(kind), ...blob, isNew: true, header }
  } finally {
    await rm(to, { force: true })
  }
}
