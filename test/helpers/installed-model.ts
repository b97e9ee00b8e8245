import { EMPTY_CONFIG } from '../../engine/store/config-blob.ts'
import type { InstalledModel } from '../../engine/store/types.ts'

/** A model that is said to be on disk, with nothing behind it. */
export function installedModel(name: string, fields: Partial<InstalledModel> = {}): InstalledModel {
  return {
    name: { host: 'registry.ollama.ai', namespace: 'library', model: name, tag: 'latest' },
    shortName: `${name}:latest`,
    fullName: `registry.ollama.ai/library/${name}:latest`,
    digest: '',
    sizeBytes: 0,
    modifiedAt: new Date(0),
    config: { ...EMPTY_CONFIG, modelFormat: 'gguf' },
    weightsPath: '/weights',
    projectorPaths: [],
    adapterPaths: [],
    draftPaths: [],
    layers: [],
    facts: undefined,
    goTemplate: undefined,
    templatePath: 'none',
    system: undefined,
    parameters: {},
    messages: [],
    licenses: [],
    parentModel: '',
    capabilities: ['completion'],
    ...fields,
  }
}
