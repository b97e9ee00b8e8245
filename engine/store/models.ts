import { EngineError } from '../errors.ts'
import type { TemplateMode } from '../prompt/capabilities.ts'
import { removeBlob } from './blobs.ts'
import { readDetails } from './details.ts'
import { blobFileName } from './digest.ts'
import { tidyModels } from './housekeeping.ts'
import { modelReader } from './installed.ts'
import { blobsOf } from './manifest.ts'
import {
  readManifest,
  readManifests,
  removeManifest,
  type StoredManifest,
  storedSpelling,
} from './manifests.ts'
import { asError } from './missing.ts'
import { parseModelName } from './name.ts'
import type { InstalledModel, ModelName, ModelStore, StoreLog } from './types.ts'

export interface ModelStoreOptions {
  /** Made when it is not there. */
  folder: string
  log: StoreLog
  /** Keep blobs that nothing refers to. */
  noPrune: boolean
  /** Which kind of template decides what a model can do. */
  templates?: TemplateMode
}

/** Opens a models folder, which Ollama may be using too, and tidies it up. */
export async function openModelStore(options: ModelStoreOptions): Promise<ModelStore> {
  const { folder, log, noPrune } = options
  await tidyModels(folder, log, noPrune)
  const read = modelReader(folder, options.templates)
  const logOnce = oncePerPath(log)

  return {
    async list() {
      const { manifests, unreadable } = await readManifests(folder)
      const problems = unreadable.map(({ path, reason }) => ({ path, reason, skipped: true }))
      const models: InstalledModel[] = []
      for (const stored of manifests) {
        try {
          const { model, problem } = await read(stored)
          models.push(model)
          if (problem) problems.push({ path: stored.path, reason: problem, skipped: false })
        } catch (reason) {
          problems.push({ path: stored.path, reason: asError(reason), skipped: true })
        }
      }
      logOnce(problems)
      return models.sort(newestFirst)
    },

    async find(text) {
      const stored = await readManifest(folder, await locate(folder, text)).catch(asLoadFailure(text))
      if (!stored) throw notFound(text)
      const { model, problem } = await read(stored).catch(asLoadFailure(text))
      if (problem) return asLoadFailure(text)(problem)
      return model
    },

    details: readDetails,

    async delete(text) {
      const name = await locate(folder, text)
      // A manifest that cannot be read can still be removed; which blobs were its own nobody knows then.
      const stored = await readManifest(folder, name).catch(() => undefined)
      if (!(await removeManifest(folder, name))) throw notFound(text)
      if (stored) await removeUnusedBlobs(folder, stored, log)
    },
  }
}

/** The stored spelling of a name a client sent. Throws as ModelStore.find does. */
async function locate(folder: string, text: string): Promise<ModelName> {
  if (text === '') throw notFound(text)
  const name = parseModelName(text)
  if (!name) throw new EngineError('invalid_model_name', 'invalid model name')
  const stored = await storedSpelling(folder, name)
  if (!stored) throw notFound(text)
  return stored
}

const notFound = (text: string) => new EngineError('model_not_found', `model '${text}' not found`)

const asLoadFailure = (text: string) => (cause: unknown) => {
  throw new EngineError('load_failed', `model '${text}' cannot be read: ${asError(cause).message}`, { cause })
}

/**
 * Removes the blobs only `removed` used. Its manifest is gone by now, so of two servers that remove models with
 * a shared blob at the same time, the one that looks last removes it.
 */
async function removeUnusedBlobs(folder: string, removed: StoredManifest, log: StoreLog): Promise<void> {
  const { manifests, unreadable } = await readManifests(folder)
  if (unreadable.length > 0) {
    const paths = unreadable.map(({ path }) => path)
    log.warn({ paths }, 'unused blobs are kept because a manifest cannot be read')
    return
  }
  const used = new Set(manifests.flatMap(({ manifest }) => blobsOf(manifest).map(blobKey)))
  for (const blob of blobsOf(removed.manifest)) {
    if (!used.has(blobKey(blob))) await removeBlob(folder, blob.digest)
  }
}

const blobKey = ({ digest }: { digest: string }) => blobFileName(digest).toLowerCase()

/** Whole seconds, as file systems and clients compare them. */
const newestFirst = (a: InstalledModel, b: InstalledModel) =>
  Math.floor(b.modifiedAt.getTime() / 1000) - Math.floor(a.modifiedAt.getTime() / 1000) ||
  (a.fullName < b.fullName ? -1 : 1)

interface Problem {
  path: string
  reason: Error
  /** The model is not in the list. */
  skipped: boolean
}

/** Logs each problem when it is new; one that went away and came back is new. */
function oncePerPath(log: StoreLog): (problems: readonly Problem[]) => void {
  let known = new Set<string>()
  return (problems) => {
    for (const { path, reason, skipped } of problems) {
      if (known.has(path)) continue
      log.warn({ path, err: reason }, skipped ? 'manifest skipped' : 'weights cannot be read')
    }
    known = new Set(problems.map(({ path }) => path))
  }
}
