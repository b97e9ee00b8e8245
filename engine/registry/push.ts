import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { manifestPath } from '../store/layout.ts'
import { blobsOf, type Layer } from '../store/manifest.ts'
import { ifMissing } from '../store/missing.ts'
import { parseModelName } from '../store/name.ts'
import type { ModelName, ModelStore } from '../store/types.ts'
import { RegistryError } from './error.ts'
import { reporting } from './reporting.ts'
import type { Registries, TransferEvent, UploadTarget } from './types.ts'

export interface PushOptions {
  registries: Registries
  models: ModelStore
  /** The model as the client named it; its host is where it goes. */
  name: string
  /** Speak plain http. */
  insecure: boolean
  signal: AbortSignal
}

/**
 * Brings a model to the registry its name begins with (ollama server/images.go, PushModel). The first event comes
 * before anything can fail. Throws RegistryError.
 */
export async function* pushModel(options: PushOptions): AsyncGenerator<TransferEvent> {
  const { models, signal } = options
  yield { type: 'status', text: 'retrieving manifest' }
  const stored = await readStored(models, options.name).catch((error) => ({ error }))
  if ('error' in stored) {
    yield { type: 'status', text: "couldn't retrieve manifest" }
    throw stored.error
  }
  const { name, bytes, layers } = stored
  // Who removes the model meanwhile removes its name only.
  const release = models.hold(layers.map(({ digest }) => digest))
  try {
    const target = options.registries.open(name.host, { insecure: options.insecure })
    for (const layer of layers) yield* pushLayer(target, models, name, layer, signal)
    yield { type: 'status', text: 'pushing manifest' }
    await target.putManifest(name, bytes, signal)
    yield { type: 'status', text: 'success' }
  } finally {
    release()
  }
}

async function readStored(models: ModelStore, text: string) {
  const parsed = parseModelName(text)
  if (!parsed) throw new RegistryError('not_found', `unqualified name: ${text}`)
  const name = await models.spelling(parsed)
  const stored = await models.manifest(name)
  if (!stored) {
    // What Go says of a file that is not there.
    throw new RegistryError('not_found', `open ${manifestPath('', name)}: no such file or directory`)
  }
  return { name, bytes: stored.bytes, layers: blobsOf(stored.manifest) }
}

async function* pushLayer(
  target: UploadTarget,
  models: ModelStore,
  name: ModelName,
  { digest, size, from }: Layer,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  const path = models.blobPath(digest)
  const found = await ifMissing(stat(path), undefined)
  if (found?.size !== size) {
    throw new RegistryError('not_found', `blob ${digest} is not here in full: pull or create the model again`)
  }
  const progress = (completed: number): TransferEvent => ({
    type: 'progress',
    text: `pushing ${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`,
    digest,
    total: size,
    completed,
  })
  if (!(await target.hasBlob(name, digest, signal))) {
    const source = from ? parseModelName(from) : undefined
    for await (const completed of reporting(signal, (report, inner) =>
      target.putBlob(
        name,
        { digest, size, source, read: ({ start, end }) => createReadStream(path, { start, end }) },
        report,
        inner,
      ),
    )) {
      yield progress(completed)
    }
  }
  yield progress(size)
}
