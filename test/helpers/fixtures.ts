import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  FIXTURE_MODELS,
  type FixtureModel,
  type FixtureName,
  SMALL_LLAMA,
  SMALL_TENSORS,
} from './fixture-models.ts'
import { type GgufValue, str, writeGguf } from './gguf.ts'

/** A fixture by name, or a variant of one under another name. */
export type FixtureRequest = FixtureName | (FixtureModel & FixtureVariant)
interface FixtureVariant {
  from: FixtureName
  /** `model`, `namespace/model`, `host/namespace/model`, each with or without a tag. */
  as?: string
  /** The manifest's time on disk. */
  modifiedAt?: Date
}

export interface InstalledFixture {
  manifestPath: string
  /** Hex SHA-256 of the manifest. */
  digest: string
  manifest: Manifest
  /** Where the weights lie; absent for a stub. */
  weightsPath: string | undefined
}
interface Manifest {
  config: LayerRef
  layers: LayerRef[]
}
interface LayerRef {
  mediaType: string
  digest: string
  size: number
  from?: string
}

/** A folder for one test, gone when the test has finished. */
export async function tempFolder(parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, 'snug-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Puts fixtures into a models folder the way Ollama lays them out; keyed by the name they got. */
export async function installFixtures(
  folder: string,
  requests: readonly FixtureRequest[],
): Promise<Record<string, InstalledFixture>> {
  const installed: Record<string, InstalledFixture> = {}
  for (const request of requests) {
    const variant = typeof request === 'string' ? { from: request } : request
    installed[variant.as ?? variant.from] = await installFixture(folder, variant)
  }
  return installed
}

async function installFixture(
  folder: string,
  variant: FixtureModel & FixtureVariant,
): Promise<InstalledFixture> {
  const base: FixtureModel = FIXTURE_MODELS[variant.from]
  const model: FixtureModel = {
    ...base,
    ...variant,
    metadata: { ...base.metadata, ...variant.metadata },
    config: { ...base.config, ...variant.config },
  }
  const layers: LayerRef[] = []
  const add = async (kind: string, content: string | Uint8Array, from?: string) => {
    const blob = await writeBlob(folder, content)
    layers.push({ mediaType: `application/vnd.ollama.image.${kind}`, ...blob, ...(from ? { from } : {}) })
    return blob
  }
  const weights =
    model.weights === false ? undefined : await add('model', fixtureWeights(model), 'fixture.gguf')
  if (model.projector) await add('projector', writeGguf({ metadata: model.projector }))
  if (model.goTemplate !== undefined) await add('template', model.goTemplate)
  if (model.system !== undefined) await add('system', model.system)
  if (model.parameters) await add('params', `${JSON.stringify(model.parameters)}\n`)
  if (model.messages) await add('messages', `${JSON.stringify(model.messages)}\n`)
  for (const license of model.licenses ?? []) await add('license', license)
  const config = await writeBlob(folder, `${JSON.stringify(fixtureConfig(model, layers))}\n`)
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
    layers,
  }
  const bytes = JSON.stringify(manifest)
  const manifestPath = manifestPathOf(folder, variant.as ?? variant.from)
  await mkdir(dirname(manifestPath), { recursive: true })
  await writeFile(manifestPath, bytes)
  if (variant.modifiedAt) await utimes(manifestPath, variant.modifiedAt, variant.modifiedAt)
  return {
    manifestPath,
    digest: sha256(bytes),
    manifest,
    weightsPath: weights && blobPathOf(folder, weights.digest),
  }
}

/** The GGUF bytes of a fixture. */
export function fixtureWeights(model: FixtureModel): Buffer {
  const metadata: Record<string, GgufValue> = { ...SMALL_LLAMA }
  for (const [key, value] of Object.entries(model.metadata ?? {})) {
    if (value === undefined) delete metadata[key]
    else metadata[key] = value
  }
  if (model.chatTemplate !== undefined) metadata['tokenizer.chat_template'] = str(model.chatTemplate)
  return writeGguf({ metadata, tensors: model.tensors ?? SMALL_TENSORS })
}

function fixtureConfig(model: FixtureModel, layers: readonly LayerRef[]): Record<string, unknown> {
  const architecture = model.metadata?.['general.architecture']?.value
  const family = typeof architecture === 'string' ? architecture : 'llama'
  const weights =
    model.weights === false
      ? {}
      : {
          model_format: 'gguf',
          model_family: family,
          model_families: [family],
          model_type: '4K',
          file_type: 'Q4_0',
        }
  return {
    ...weights,
    ...model.config,
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  }
}

async function writeBlob(
  folder: string,
  content: string | Uint8Array,
): Promise<{ digest: string; size: number }> {
  const digest = `sha256:${sha256(content)}`
  const path = blobPathOf(folder, digest)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return { digest, size: Buffer.byteLength(content) }
}

/** Where a blob lies, from its digest with a colon. */
export const blobPathOf = (folder: string, digest: string): string =>
  join(folder, 'blobs', digest.replace(':', '-'))

/** Where the manifest of a model lies, written out by hand rather than by the code under test. */
export function manifestPathOf(folder: string, name: string): string {
  const slash = name.lastIndexOf('/')
  const [model, tag = 'latest'] = name.slice(slash + 1).split(':')
  const owner = slash < 0 ? ['library'] : name.slice(0, slash).split('/')
  const path = owner.length === 1 ? ['registry.ollama.ai', ...owner] : owner
  return join(folder, 'manifests', ...path, model ?? '', tag)
}

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')
