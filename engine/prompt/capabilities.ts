import type { GgufFacts } from '../gguf/types.ts'
import type { Capability, ModelConfig, TemplatePath } from '../store/types.ts'
import { goTemplateTraits, jinjaTraits, type TemplateTraits } from './template-traits.ts'

/** Which kind of template may be used: the better one, or only one kind whatever the model has. */
export type TemplateMode = 'auto' | 'go' | 'jinja'

/** What the choice of a template depends on; every InstalledModel has it. */
export interface TemplateSource {
  /** The TEMPLATE layer, in Go syntax. */
  goTemplate: string | undefined
  facts: Pick<GgufFacts, 'chatTemplate' | 'architecture'> | undefined
  config: Pick<ModelConfig, 'renderer' | 'parser' | 'modelFamily'>
}

/**
 * Chooses between the template in the weights and the one beside them as ollama server/images.go does. A model
 * that names a built-in renderer or parser, or is of the gpt-oss family, uses the template in its weights when
 * there is one: Snug has no built-in renderers.
 */
export function templatePath(model: TemplateSource, mode: TemplateMode = 'auto'): TemplatePath {
  const jinja = model.facts?.chatTemplate
  const go = model.goTemplate
  if (jinja === undefined) return go === undefined || mode === 'jinja' ? 'none' : 'go'
  if (go === undefined) return 'jinja'
  if (mode !== 'auto') return mode
  if (model.config.renderer !== '' || model.config.parser !== '' || isHarmony(model, go)) return 'jinja'
  return prefersJinja(jinjaTraits(jinja), goTemplateTraits(go)) ? 'jinja' : 'go'
}

/** The template in the weights wins where it can do more, or tools at both ends where the other cannot. */
function prefersJinja(jinja: TemplateTraits, go: TemplateTraits): boolean {
  const jinjaCount = jinja.capabilities.length
  const goCount = go.capabilities.length
  const isSameSet =
    jinjaCount === goCount && jinja.capabilities.every((each) => go.capabilities.includes(each))
  if (jinjaCount > goCount) return jinja.roundTripsTools || !go.roundTripsTools
  return isSameSet && jinja.capabilities.includes('tools') && jinja.roundTripsTools && !go.roundTripsTools
}

const isGptOss = (model: TemplateSource) =>
  ['gptoss', 'gpt-oss'].includes(model.config.modelFamily || (model.facts?.architecture ?? ''))
const isHarmony = (model: TemplateSource, template: string) =>
  isGptOss(model) && template.includes('<|start|>') && template.includes('<|end|>')

/** Everything capabilities are read from; every InstalledModel has all but the projectors. */
export interface CapabilitySource extends TemplateSource {
  facts: GgufFacts | undefined
  config: Pick<ModelConfig, 'renderer' | 'parser' | 'modelFamily' | 'capabilities'>
  /** Facts of the projector files. */
  projectors: readonly Pick<GgufFacts, 'hasAudio'>[]
}

/** In the order clients see them. */
const CAPABILITIES: readonly Capability[] = [
  'completion',
  'tools',
  'insert',
  'vision',
  'embedding',
  'thinking',
  'image',
  'audio',
]

/**
 * What a model can do, by its weights, its config and the one template that is in use (ollama
 * server/images.go). Beyond that, weights that name all fill-in-middle tokens can insert.
 */
export function capabilitiesOf(model: CapabilitySource, mode: TemplateMode = 'auto'): Capability[] {
  const found = new Set<string>(model.config.capabilities)
  for (const capability of templateCapabilities(model, mode)) found.add(capability)
  if (model.facts) {
    found.add(model.facts.hasPooling ? 'embedding' : 'completion')
    if (model.facts.fillInMiddle) found.add('insert')
    if (model.facts.hasVision) found.add('vision')
    if (model.facts.hasAudio) found.add('audio')
    if (isGptOss(model)) found.add('thinking')
  }
  if (model.projectors.length > 0) found.add('vision')
  if (model.projectors.some((projector) => projector.hasAudio)) found.add('audio')
  return CAPABILITIES.filter((capability) => found.has(capability))
}

function templateCapabilities(model: TemplateSource, mode: TemplateMode): readonly Capability[] {
  const path = templatePath(model, mode)
  if (path === 'jinja') return jinjaTraits(model.facts?.chatTemplate ?? '').capabilities
  return path === 'go' ? goTemplateTraits(model.goTemplate ?? '').capabilities : []
}
