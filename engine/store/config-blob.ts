import { goJson } from '../../formats/go-json-write.ts'
import type { BlobRef } from './manifest.ts'
import type { ModelConfig } from './types.ts'

/** What the config blob of a new model says. */
export interface NewConfig extends ModelConfig {
  baseName: string
  /** A smaller model among the layers that guesses ahead. */
  draft?: { modelFormat: string; architecture: string }
}

export const EMPTY_CONFIG: NewConfig = {
  modelFormat: '',
  modelFamily: '',
  modelFamilies: null,
  parameterSize: '',
  quantizationLevel: '',
  renderer: '',
  parser: '',
  requires: '',
  remoteHost: '',
  remoteModel: '',
  capabilities: [],
  contextLength: 0,
  embeddingLength: 0,
  baseName: '',
}

/** The config blob as Ollama writes it: keys in the order of types/model/config.go, empty ones left out. */
export function configBytes(config: NewConfig, layers: readonly BlobRef[]): Buffer {
  const { draft, capabilities } = config
  const keys = {
    model_format: config.modelFormat,
    model_family: config.modelFamily,
    model_families: config.modelFamilies,
    model_type: config.parameterSize,
    file_type: config.quantizationLevel,
    renderer: config.renderer || undefined,
    parser: config.parser || undefined,
    requires: config.requires || undefined,
    remote_host: config.remoteHost || undefined,
    remote_model: config.remoteModel || undefined,
    capabilities: capabilities.length > 0 ? capabilities : undefined,
    context_length: config.contextLength || undefined,
    embedding_length: config.embeddingLength || undefined,
    base_name: config.baseName || undefined,
    draft: draft && { model_format: draft.modelFormat, architecture: draft.architecture },
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  }
  return Buffer.from(`${goJson(keys)}\n`)
}
