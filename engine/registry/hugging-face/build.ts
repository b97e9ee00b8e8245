import { createHash } from 'node:crypto'
import { createModels } from '../../create/create.ts'
import { roleOf } from '../../create/gguf-layer.ts'
import { EMPTY_REQUEST } from '../../create/types.ts'
import { EngineError } from '../../errors.ts'
import { GgufError } from '../../gguf/error.ts'
import { readGgufFile } from '../../gguf/read.ts'
import { blobsOf, layersOf } from '../../store/manifest.ts'
import { fullName } from '../../store/name.ts'
import type { ModelName, ModelStore } from '../../store/types.ts'
import type { Downloads } from '../download/shared.ts'
import { pullBlob } from '../pull-blob.ts'
import type { TransferEvent } from '../types.ts'
import type { FoundFiles } from './find.ts'
import type { HashedFile, Hub } from './types.ts'

/**
 * Fetches the files of a model and makes a model of them: parts become one file, and its own header says what it
 * is. Nothing is fetched or made when it has been before. Throws what downloads and `createModels` throw, and
 * EngineError `pull_failed` when the files are not what their names say.
 */
export async function* buildFromHub(
  means: { models: ModelStore; downloads: Downloads },
  hub: Hub,
  name: ModelName,
  found: FoundFiles,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent> {
  const { models } = means
  const { parts, projector, ...texts } = found
  const origin = originOf(name, found)
  if (await isMadeOf(models, name, origin)) {
    yield { type: 'status', text: 'success' }
    return
  }
  const wanted = projector ? [...parts, projector] : parts
  const release = models.hold(wanted.map(({ digest }) => digest))
  try {
    for (const file of wanted) {
      const locate = (inner: AbortSignal) => hub.blob(name, file, inner)
      yield* pullBlob(means, locate, file, signal)
    }
    // Each blob has been verified before it got its name; this is where clients expect to hear of it.
    yield { type: 'status', text: 'verifying sha256 digest' }
    if (parts[0]) await requireRole(models, parts[0], 'model')
    if (projector) await requireRole(models, projector, 'projector')
    const request = { ...EMPTY_REQUEST, ...texts, name: fullName(name), files: filesOf(origin, found) }
    for await (const event of createModels({ models })(request, signal)) {
      // There is something left to do before the last word.
      if (event.type !== 'status' || event.text !== 'success') yield event
    }
  } finally {
    release()
  }
  // The whole is there: its parts would take as much space again.
  if (parts.length > 1) await models.removeUnused(parts.map(({ digest }) => digest))
  yield { type: 'status', text: 'success' }
}

/** The files by names of ours; those in the repository are not needed any more. */
function filesOf(origin: string, { parts, projector }: FoundFiles): Record<string, string> {
  const five = (number: number) => String(number).padStart(5, '0')
  const files: Record<string, string> = {}
  for (const [index, { digest }] of parts.entries()) {
    const split = parts.length > 1 ? `-${five(index + 1)}-of-${five(parts.length)}` : ''
    files[`${origin}/model${split}.gguf`] = digest
  }
  if (projector) files[`${origin}/projector.gguf`] = projector.digest
  return files
}

/** What the model is made of, as the layer with its weights will say where it is from. */
function originOf({ host, namespace, model }: ModelName, found: FoundFiles): string {
  const content = JSON.stringify([
    found.parts.map(({ digest }) => digest),
    found.projector?.digest,
    found.template,
    found.system,
    found.parameters,
  ])
  return `${host}/${namespace}/${model}@${createHash('sha256').update(content).digest('hex').slice(0, 32)}`
}

/** The same files have been made into this model already, and it is still there. */
async function isMadeOf(models: ModelStore, name: ModelName, origin: string): Promise<boolean> {
  // One that cannot be read is made anew.
  const stored = await models.manifest(name).catch(() => undefined)
  if (stored === undefined) return false
  if (!layersOf(stored.manifest, 'model')[0]?.from?.startsWith(`${origin}/`)) return false
  const isThere = await Promise.all(blobsOf(stored.manifest).map(({ digest }) => models.hasBlob(digest)))
  return isThere.every(Boolean)
}

async function requireRole(
  models: ModelStore,
  { path, digest }: HashedFile,
  role: 'model' | 'projector',
): Promise<void> {
  const refuse = (why: string, cause?: Error) =>
    new EngineError('pull_failed', `"${path}" is no ${role} that can be used: ${why}`, { cause })
  const header = await readGgufFile(models.blobPath(digest)).catch((error: Error) => {
    throw error instanceof GgufError ? refuse(error.message, error) : error
  })
  const actual = roleOf(header)
  if (actual !== role) throw refuse(`it is a GGUF file of another kind (${actual})`)
}
