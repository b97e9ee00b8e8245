import { EngineError } from '../errors.ts'
import type { TemplateMode } from '../prompt/capabilities.ts'
import { blobPath, hasBlob, putBlob, temporaryBlobPath } from './blobs.ts'
import { readDetails } from './details.ts'
import { fileVersion, putFile, recheck, takeFile } from './files.ts'
import { createHeldBlobs } from './held-blobs.ts'
import { tidyModels } from './housekeeping.ts'
import { modelReader } from './installed.ts'
import { blobsOf } from './manifest.ts'
import { readManifest, readManifests, removeManifest, writeManifest } from './manifests.ts'
import { asError } from './missing.ts'
import { parseModelName } from './name.ts'
import { lockAmongProcesses } from './process-lock.ts'
import { spellingFor, storedName } from './spelling.ts'
import { createTurns } from './turns.ts'
import type { InstalledModel, ModelName, ModelStore, StoreLog } from './types.ts'
import { isSubset, parseOrRefuse, removeUnusedBlobs, requireBlobs } from './used-blobs.ts'

export interface ModelStoreOptions {
  /** Made when it is not there. */
  folder: string
  log: StoreLog
  /** Keep blobs that nothing refers to. */
  noPrune: boolean
  /** Which kind of template writes prompts and decides what a model can do. */
  templates?: TemplateMode
  /** Leave the folder as it is for now: a program that comes and goes beside a server does not clear up. */
  skipTidying?: boolean
}

/** Opens a models folder, which Ollama may be using too, and tidies it up. */
export async function openModelStore(options: ModelStoreOptions): Promise<ModelStore> {
  const { folder, log, noPrune } = options
  if (!options.skipTidying) await tidyModels(folder, log, noPrune)
  const read = modelReader(folder, options.templates)
  const logOnce = oncePerPath(log)
  const held = createHeldBlobs()
  const inOrder = createTurns()
  /** One at a time, of all processes too: blobs are counted while nobody installs a manifest that uses them. */
  const inTurn = <T>(work: () => Promise<T>) =>
    inOrder(async () => {
      const patience = AbortSignal.timeout(LOCK_WAIT_MS)
      const unlock = await lockAmongProcesses(folder, 'manifests', patience).catch(goOn(patience))
      try {
        return await work()
      } finally {
        unlock()
      }
    })

  // Blobs are counted and removed by one at a time: what one installs, another must not find unused.
  const install: ModelStore['install'] = (name, bytes) =>
    inTurn(async () => {
      const manifest = parseOrRefuse(bytes)
      await requireBlobs(folder, manifest)
      const target = await spellingFor(folder, name)
      const replaced = await readManifest(folder, target).catch(() => undefined)
      if (replaced?.bytes.equals(bytes)) return false
      await writeManifest(folder, target, bytes)
      if (!replaced || noPrune) return false
      await removeUnusedBlobs(folder, blobsOf(replaced.manifest), held, log)
      return !isSubset(replaced.manifest, manifest)
    })

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

    delete: (text) =>
      inTurn(async () => {
        const name = await locate(folder, text)
        // A manifest that cannot be read can still be removed; which blobs were its own nobody knows then.
        const stored = await readManifest(folder, name).catch(() => undefined)
        if (!(await removeManifest(folder, name))) throw notFound(text)
        if (stored) await removeUnusedBlobs(folder, blobsOf(stored.manifest), held, log)
      }),

    async copy(source, destination) {
      const target = parseModelName(destination)
      if (!target) throw invalidName()
      const stored = await readManifest(folder, await locate(folder, source)).catch(asLoadFailure(source))
      if (!stored) throw notFound(source)
      await install(target, stored.bytes)
    },

    manifest: (name) => readManifest(folder, name),
    spelling: (name) => spellingFor(folder, name),
    hasBlob: (digest) => hasBlob(folder, digest),
    blobPath: (digest) => blobPath(folder, digest),
    blobVersion: (digest) => fileVersion(blobPath(folder, digest)),
    recheck: (digest, signal) => recheck(folder, digest, signal),
    putBlob: (content) => putBlob(folder, content),
    temporaryPath: () => temporaryBlobPath(folder),
    putFile: (path, signal) => putFile(folder, path, signal),
    takeFile: (path, signal, onBytes) => takeFile(folder, path, signal, onBytes),
    hold: (digests) => held.add(digests),
    removeUnused: (digests) =>
      inTurn(async () => {
        if (noPrune) return
        const candidates = digests.map((digest) => ({ digest }))
        await removeUnusedBlobs(folder, candidates, held, log)
      }),
    install,
  }
}

/** A process that stands still must not stop all others; manifests are put in place in one step even so. */
const LOCK_WAIT_MS = 10_000

const goOn = (patience: AbortSignal) => (error: unknown) => {
  if (!patience.aborted) throw error
  return () => {}
}

/** The stored spelling of a name a client sent. Throws as ModelStore.find does. */
async function locate(folder: string, text: string): Promise<ModelName> {
  if (text === '') throw notFound(text)
  const name = parseModelName(text)
  if (!name) throw invalidName()
  const stored = await storedName(folder, name)
  if (!stored) throw notFound(text)
  return stored
}

const invalidName = () => new EngineError('invalid_model_name', 'invalid model name')

const notFound = (text: string) => new EngineError('model_not_found', `model '${text}' not found`)

const asLoadFailure = (text: string) => (cause: unknown) => {
  throw new EngineError('load_failed', `model '${text}' cannot be read: ${asError(cause).message}`, { cause })
}

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
