import type { ModelName } from '../../store/types.ts'
import { RegistryError } from '../error.ts'
import { MANIFEST_FAILURE } from '../manifest-failure.ts'
import type { Registry, RemoteManifest, TransferEvent } from '../types.ts'
import { projectorFor } from './projector.ts'
import {
  chooseQuantization,
  namesOf,
  type Quantization,
  quantizationNamed,
  quantizationsOf,
} from './quantization.ts'
import { asRefusal, isRefusal } from './refusal.ts'
import { readTexts, type Texts } from './text-files.ts'
import type { HashedFile, Hub, HubFile } from './types.ts'

/** A model that is to be put together of files. */
export interface FoundFiles extends Texts {
  parts: HashedFile[]
  projector: HashedFile | undefined
}

/**
 * Looks for a model on Hugging Face: by the protocol of registries first, then, where that refuses, among the
 * files of the repository; so it is with split models. Without a tag one is chosen, and an event says which.
 * Throws RegistryError, with what there is when nothing fits.
 */
export async function* findOnHub(
  registry: Registry,
  hub: Hub,
  name: ModelName,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, RemoteManifest | FoundFiles> {
  const search = { registry, hub, name, signal }
  if (name.tag.toLowerCase() !== 'latest') return await byTag(search)
  // The list wants a token where a key that Hugging Face knows may be enough for the manifest.
  const files = await hub.files(name, signal).catch((error: unknown) => {
    if (isRefusal(error) || isMissing(error)) return undefined
    throw error
  })
  if (files === undefined) return await registry.manifest(name, signal).catch(asRefusal)
  const all = quantizationsOf(files)
  const chosen = chooseQuantization(all)
  if (chosen === undefined) throw nothingFits(search, all, 'name one of its quantizations')
  yield { type: 'status', text: `no quantization named: pulling ${chosen.name}` }
  return await fetchOrBuild(search, chosen.name, async () => ({ files, chosen }))
}

interface Search {
  registry: Registry
  hub: Hub
  name: ModelName
  signal: AbortSignal
}

const byTag = (search: Search): Promise<RemoteManifest | FoundFiles> =>
  fetchOrBuild(search, search.name.tag, async (refusal) => {
    const files = await search.hub.files(search.name, search.signal).catch((error: unknown) => {
      // What was refused first says more than that there is no list either.
      throw isMissing(error) ? refusal : error
    })
    const all = quantizationsOf(files)
    const chosen = quantizationNamed(all, search.name.tag)
    if (chosen === undefined) throw nothingFits(search, all, refusal.message, refusal)
    return { files, chosen }
  })

/** The manifest of a tag, or the files of a model that has none. */
async function fetchOrBuild(
  { registry, hub, name, signal }: Search,
  tag: string,
  look: (refusal: RegistryError) => Promise<{ files: HubFile[]; chosen: Quantization }>,
): Promise<RemoteManifest | FoundFiles> {
  try {
    return await registry.manifest({ ...name, tag }, signal).catch(asRefusal)
  } catch (error) {
    // The list may take a token that the protocol of registries does not.
    const isWorthALook = isMissing(error) || isBadRequest(error) || (isRefusal(error) && hub.hasToken)
    if (!(error instanceof RegistryError) || !isWorthALook) throw error
    const { files, chosen } = await look(error)
    const projector = projectorFor(files, chosen)
    return {
      parts: chosen.parts.map(hashed),
      projector: projector && hashed(projector),
      ...(await readTexts(hub, name, files, signal)),
    }
  }
}

const isMissing = (error: unknown): boolean => error instanceof RegistryError && error.failure === 'not_found'

/** So Hugging Face answers for split models, and for tags that it does not know. */
const isBadRequest = (error: unknown): boolean => error instanceof RegistryError && error.status === 400

function hashed(file: HubFile): HashedFile {
  const { digest } = file
  if (digest !== undefined) return { ...file, digest }
  throw new RegistryError('malformed', `${MANIFEST_FAILURE}Hugging Face gives no SHA-256 of "${file.path}"`)
}

function nothingFits({ name }: Search, all: readonly Quantization[], why: string, cause?: RegistryError) {
  const repository = `${name.host}/${name.namespace}/${name.model}`
  const text =
    all.length === 0 ? `${repository} has no GGUF model` : `${why}; ${repository} has ${namesOf(all)}`
  const prefix = text.startsWith(MANIFEST_FAILURE) ? '' : MANIFEST_FAILURE
  return new RegistryError('not_found', `${prefix}${text}`, { cause })
}
