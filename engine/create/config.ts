import { fileTypeText, parameterCountText } from '../gguf/file-type.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { EMPTY_CONFIG, type NewConfig } from '../store/config-blob.ts'
import { layerType } from '../store/manifest.ts'
import type { InstalledModel } from '../store/types.ts'
import { withInfo } from './info.ts'
import type { BuiltLayer, CreateRequest } from './types.ts'

/** What holds for an architecture where neither the request nor the base says anything (ollama server/create.go). */
const DEFAULTS: Readonly<Record<string, { format: string; stop?: string }>> = {
  gemma4: { format: 'gemma4', stop: '<turn|>' },
  laguna: { format: 'laguna' },
  nemotron_h: { format: 'nemotron-3-nano' },
  nemotron_h_moe: { format: 'nemotron-3-nano' },
  nemotron_h_omni: { format: 'nemotron-3-nano' },
}

/** What the config says before the weights are looked at: the base's word, the request's, and what `info` claims. */
export function startingConfig(request: CreateRequest, base: InstalledModel | undefined): NewConfig {
  const inherited = base?.config ?? EMPTY_CONFIG
  const config: NewConfig = {
    ...EMPTY_CONFIG,
    renderer: request.renderer || inherited.renderer,
    parser: request.parser || inherited.parser,
    requires: request.requires || inherited.requires,
    modelFormat: inherited.modelFormat,
    capabilities: inherited.capabilities,
    remoteHost: inherited.remoteHost,
    remoteModel: inherited.remoteModel,
  }
  return withInfo(config, request.info)
}

/** The config with what the weights say, and the stop text that their architecture needs. */
export function describedBy(
  config: NewConfig,
  layers: readonly BuiltLayer[],
): { config: NewConfig; stop: string | undefined } {
  let described = config
  let stop: string | undefined
  for (const { mediaType, header } of layers) {
    if (header === undefined) continue
    if (mediaType === layerType('model')) {
      described = withWeights(described, header)
      const defaults = DEFAULTS[architectureOf(header)]
      if (defaults === undefined || (described.renderer !== '' && described.parser !== '')) continue
      const { renderer, parser } = described
      described = { ...described, renderer: renderer || defaults.format, parser: parser || defaults.format }
      stop = defaults.stop
    }
    if (mediaType === layerType('draft')) {
      described = { ...described, draft: { modelFormat: 'gguf', architecture: architectureOf(header) } }
    }
  }
  return { config: described, stop }
}

function withWeights(config: NewConfig, header: GgufHeader): NewConfig {
  const architecture = architectureOf(header)
  const families = config.modelFamilies ?? []
  const fileType = header.metadata.get('general.file_type')
  const parameters = header.tensors.reduce((sum, { elements }) => sum + elements, 0)
  return {
    ...config,
    modelFormat: config.modelFormat || 'gguf',
    modelFamily: config.modelFamily || architecture,
    modelFamilies: families.includes(architecture) ? families : [...families, architecture],
    parameterSize: config.parameterSize || parameterCountText(parameters),
    quantizationLevel:
      config.quantizationLevel || fileTypeText(typeof fileType === 'number' ? fileType : undefined),
  }
}

function architectureOf({ metadata }: GgufHeader): string {
  const architecture = metadata.get('general.architecture')
  return typeof architecture === 'string' ? architecture : 'unknown'
}
