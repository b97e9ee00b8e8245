import { open } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { GgufError } from '../gguf/error.ts'
import { ggufFacts } from '../gguf/facts.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { canonicalDigest } from '../store/digest.ts'
import { type LayerKind, layerType } from '../store/manifest.ts'
import type { ModelStore } from '../store/types.ts'
import type { BuiltLayer } from './types.ts'
import { sizeOfUpload } from './upload.ts'

/**
 * A GGUF file that was uploaded, as a layer; its own header says what it is for unless `kind` does. `file` is its
 * name. Throws EngineError: `bad_request` when it is no GGUF file that can be trusted, `create_failed` when it was
 * not uploaded.
 */
export async function ggufLayer(
  models: ModelStore,
  file: string,
  digest: string,
  kind?: LayerKind,
): Promise<BuiltLayer & { header: GgufHeader }> {
  const canonical = canonicalDigest(digest)
  const path = models.blobPath(canonical)
  if (!(await isGguf(models, file, digest))) {
    throw new EngineError('bad_request', 'supplied file was not in GGUF format')
  }
  const header = await readGgufFile(path).catch(refuse(file))
  const role = kind ?? roleOf(header)
  if (role === 'model') checkFacts(file, header)
  const size = await sizeOfUpload(models, file, canonical)
  return { mediaType: layerType(role), digest: canonical, size, from: file, isNew: false, header }
}

/** The blob begins as GGUF files do, in either byte order. Throws EngineError `create_failed` when it is not there. */
export async function isGguf(models: ModelStore, file: string, digest: string): Promise<boolean> {
  await sizeOfUpload(models, file, digest)
  const blob = await open(models.blobPath(canonicalDigest(digest)))
  try {
    const { bytesRead, buffer } = await blob.read(Buffer.alloc(4), 0, 4, 0)
    const magic = buffer.toString('latin1', 0, bytesRead)
    return magic === 'GGUF' || magic === 'FUGG'
  } finally {
    await blob.close()
  }
}

/** What llama.cpp would fall over must not reach it. */
function checkFacts(file: string, header: GgufHeader): void {
  try {
    ggufFacts(header)
  } catch (error) {
    if (error instanceof Error) refuse(file)(error)
    throw error
  }
}

const refuse = (file: string) => (cause: Error) => {
  if (cause instanceof GgufError) throw new EngineError('bad_request', `${file}: ${cause.message}`, { cause })
  throw cause
}

/** What a GGUF file is for (ollama server/create.go). */
export function roleOf({ metadata }: Pick<GgufHeader, 'metadata'>): LayerKind {
  const type = metadata.get('general.type')
  if (type === 'adapter') return 'adapter'
  if (type === 'projector' || type === 'mmproj') return 'projector'
  const architecture = metadata.get('general.architecture')
  const own = (key: string) => metadata.get(`${architecture}.${key}`)
  const isSet = (key: string) => Boolean(own(key))
  if (isSet('block_count')) return 'model'
  if (isSet('vision.block_count')) return 'projector'
  const isEncoder = own('has_vision_encoder') === true || own('has_audio_encoder') === true
  return architecture === 'clip' && isEncoder ? 'projector' : 'model'
}
