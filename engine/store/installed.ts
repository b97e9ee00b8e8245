import { stat } from 'node:fs/promises'
import { GgufError } from '../gguf/error.ts'
import { ggufFacts } from '../gguf/facts.ts'
import { fileTypeText, parameterCountText } from '../gguf/file-type.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { GgufFacts } from '../gguf/types.ts'
import { capabilitiesOf, type TemplateMode, templatePath } from '../prompt/capabilities.ts'
import { blobPath } from './blobs.ts'
import { digestOf } from './digest.ts'
import { type LayerContent, readLayerContent } from './layer-content.ts'
import { blobsOf, type LayerKind, layersOf } from './manifest.ts'
import type { StoredManifest } from './manifests.ts'
import { fullName, shortName } from './name.ts'
import { Recent } from './recent.ts'
import type { InstalledModel, ModelConfig } from './types.ts'

/** Models and weights whose files are remembered: enough for every store seen, some megabytes at most. */
const REMEMBERED = 256

export interface ReadModel {
  model: InstalledModel
  /** Why the weights cannot be read; the model has no facts then. */
  problem: Error | undefined
}

/**
 * A function from manifests to models that remembers what files said. It throws when a layer other than the
 * weights cannot be read.
 */
export function modelReader(
  folder: string,
  templates?: TemplateMode,
): (stored: StoredManifest) => Promise<ReadModel> {
  const contents = new Recent<LayerContent>(REMEMBERED)
  const facts = new Recent<GgufFacts>(REMEMBERED)

  const readFacts = async (path: string): Promise<GgufFacts> => {
    const { size, mtimeMs } = await stat(path)
    return facts.get(`${path} ${size} ${mtimeMs}`, async () => ggufFacts(await readGgufFile(path)))
  }

  return async ({ name, bytes, manifest, modifiedAt }) => {
    const digest = digestOf(bytes).slice('sha256:'.length)
    const paths = (kind: LayerKind) => layersOf(manifest, kind).map((layer) => blobPath(folder, layer.digest))
    const content = await contents.get(digest, () => readLayerContent(folder, manifest))
    const weightsPath = paths('model').at(-1)
    const projectorPaths = paths('projector')
    const { weights, projectors, problem } = await readAllFacts(readFacts, weightsPath, projectorPaths)
    const config = completed(content.config, weights)
    const model: InstalledModel = {
      ...content,
      name,
      shortName: shortName(name),
      fullName: fullName(name),
      digest,
      sizeBytes: blobsOf(manifest).reduce((sum, blob) => sum + blob.size, 0),
      layers: manifest.layers,
      modifiedAt,
      config,
      weightsPath,
      projectorPaths,
      adapterPaths: paths('adapter'),
      draftPaths: paths('draft'),
      facts: weights,
      parentModel: layersOf(manifest, 'model').at(-1)?.from ?? '',
      templatePath: templatePath({ ...content, config, facts: weights }, templates),
      capabilities: capabilitiesOf({ ...content, config, facts: weights, projectors }, templates),
    }
    return { model, problem }
  }
}

async function readAllFacts(
  readFacts: (path: string) => Promise<GgufFacts>,
  weightsPath: string | undefined,
  projectorPaths: readonly string[],
): Promise<{ weights: GgufFacts | undefined; projectors: GgufFacts[]; problem: Error | undefined }> {
  try {
    const weights = weightsPath === undefined ? undefined : await readFacts(weightsPath)
    const projectors: GgufFacts[] = []
    for (const path of projectorPaths) projectors.push(await readFacts(path))
    return { weights, projectors, problem: undefined }
  } catch (error) {
    if (!(error instanceof GgufError || (error instanceof Error && 'code' in error))) throw error
    return { weights: undefined, projectors: [], problem: error }
  }
}

/** Manifests from other tools leave display texts out; the weights know them. */
function completed(config: ModelConfig, facts: GgufFacts | undefined): ModelConfig {
  if (!facts) return config
  return {
    ...config,
    modelFormat: config.modelFormat || 'gguf',
    modelFamily: config.modelFamily || facts.architecture,
    parameterSize: config.parameterSize || parameterCountText(facts.parameterCount),
    quantizationLevel: config.quantizationLevel || fileTypeText(facts.fileType),
    contextLength: config.contextLength || (facts.contextLength ?? 0),
    embeddingLength: config.embeddingLength || (facts.embeddingLength ?? 0),
  }
}
