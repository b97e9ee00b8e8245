import { EngineError } from '../errors.ts'
import { GgufError } from '../gguf/error.ts'
import { ggufFacts } from '../gguf/facts.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { Log } from '../log.ts'
import { blobsOf, hasTensorLayers, layersOf, type Manifest, parseManifest } from '../store/manifest.ts'
import { fullName, isSameModelName, shortName } from '../store/name.ts'
import type { ModelName, ModelStore } from '../store/types.ts'
import { createDownloads, type Downloads } from './download/shared.ts'
import { DOWNLOAD_TUNING, type DownloadTuning } from './download/tuning.ts'
import { RegistryError } from './error.ts'
import { buildFromHub } from './hugging-face/build.ts'
import { findOnHub } from './hugging-face/find.ts'
import { inWords } from './hugging-face/refusal.ts'
import type { Hub } from './hugging-face/types.ts'
import { pullBlob } from './pull-blob.ts'
import type { ChoosePull, PullRequest, Registry, TransferEvent } from './types.ts'

/** Gets models from registries. */
export interface Pulls {
  /**
   * Fetches what is missing of a model and installs it. Without a tag, or with `auto`, it is the one that suits this
   * machine best, where that can be told: it gets its own tag, and without a tag `latest` is another name of it. What
   * was chosen is said first. The first event comes before the network is asked, the last is `success`. Pulls that need the same blob at the same time share its transfer. Throws EngineError
   * (`pull_failed`, `registry_failed`) with a message for the client, or the reason of `signal`; what has come is
   * kept for the next pull.
   */
  pull(request: PullRequest, signal: AbortSignal): AsyncIterable<TransferEvent>
  /** Breaks transfers off and waits until what has come is on disk. */
  close(): Promise<void>
}

/** What a pull needs of the way to registries (see Registries in types.ts). */
export interface PullSources {
  open(host: string, options: { insecure: boolean }): Registry
}

export interface PullOptions {
  models: ModelStore
  registries: PullSources
  log: Log
  tuning?: DownloadTuning
  /** Chooses what suits this machine; without it a name without a tag is `latest`. */
  choose?: ChoosePull | undefined
}

/** Kinds of layers that must be GGUF files. */
const GGUF_KINDS = ['model', 'projector', 'adapter'] as const

export function createPulls({
  models,
  registries,
  log,
  tuning = DOWNLOAD_TUNING,
  choose,
}: PullOptions): Pulls {
  const downloads = createDownloads(tuning, log)
  return {
    pull: (request, signal) => pullSuited({ models, registries, downloads, choose }, request, signal),
    close: downloads.close,
  }
}

/** What a pull works with. */
interface Means {
  models: ModelStore
  registries: PullSources
  downloads: Downloads
  choose: ChoosePull | undefined
}

/** Pulls what suits this machine, where that is another model than the one that was named. */
async function* pullSuited(
  means: Means,
  request: PullRequest,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  const name = means.choose === undefined ? request.name : yield* means.choose(request, signal)
  if (isSameModelName(name, request.name)) return yield* pullModel(means, request, signal)
  let isThere = false
  try {
    for await (const event of pullModel(means, { ...request, name }, signal)) {
      isThere ||= event.type === 'progress'
      // There may be something left to do before the last word.
      if (event.type !== 'status' || event.text !== 'success') yield event
    }
  } catch (error) {
    const latest = { ...request.name, tag: 'latest' }
    const isUnknown = error instanceof RegistryError && error.failure === 'not_found' && !isThere
    if (!isUnknown || isSameModelName(name, latest)) throw error
    yield status(`${shortName(name)} is not to be had: pulling ${shortName(latest)}`)
    return yield* pullModel(means, { ...request, name: latest }, signal)
  }
  if (!request.hasTag) await means.models.copy(fullName(name), fullName(request.name))
  yield status('success')
}

async function* pullModel(
  means: Means,
  request: PullRequest,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  yield status('pulling manifest')
  const name = await means.models.spelling(request.name)
  const registry = means.registries.open(name.host, { insecure: request.insecure })
  if (registry.hub) return yield* pullFromHub(means, registry, registry.hub, name, signal)
  const { bytes } = await registry.manifest(name, signal)
  yield* pullManifest(means, registry, name, bytes, signal)
}

async function* pullFromHub(
  means: Means,
  registry: Registry,
  hub: Hub,
  name: ModelName,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  try {
    const found = yield* findOnHub(registry, hub, name, signal)
    if ('bytes' in found) yield* pullManifest(means, registry, name, found.bytes, signal)
    else yield* buildFromHub(means, hub, name, found, signal)
  } catch (error) {
    throw inWords(error, name, hub)
  }
}

/** Fetches what a manifest lists, and installs it as it is. */
async function* pullManifest(
  means: Means,
  registry: Registry,
  name: ModelName,
  bytes: Buffer,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  const { models } = means
  const manifest = parseManifest(bytes)
  if (hasTensorLayers(manifest)) {
    const text = 'this model requires MLX support, but the MLX runtime is not available'
    throw new EngineError('pull_failed', text)
  }
  const release = models.hold(blobsOf(manifest).map(({ digest }) => digest))
  try {
    for (const layer of blobsOf(manifest)) {
      const locate = (inner: AbortSignal) => registry.blob(name, layer, inner)
      yield* pullBlob(means, locate, layer, signal)
    }
    // Each blob has been verified before it got its name; this is where clients expect to hear of it.
    yield status('verifying sha256 digest')
    await requireGguf(models, manifest)
    yield status('writing manifest')
    const leftUnused = await models.install(name, bytes)
    if (leftUnused) yield status('removing unused layers')
    yield status('success')
  } finally {
    release()
  }
}

/** Nothing is installed that only fails when somebody wants to use it. */
async function requireGguf(models: ModelStore, manifest: Manifest): Promise<void> {
  for (const { digest } of GGUF_KINDS.flatMap((kind) => layersOf(manifest, kind))) {
    try {
      ggufFacts(await readGgufFile(models.blobPath(digest)))
    } catch (error) {
      if (!(error instanceof GgufError)) throw error
      const text = `${digest} is no model that can be used: ${error.message}`
      throw new EngineError('pull_failed', text, { cause: error })
    }
  }
}

const status = (text: string): TransferEvent => ({ type: 'status', text })
