import { count, ggufFacts, perLayer } from '../gguf/facts.ts'
import type { FileType } from '../gguf/file-type.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { type Architecture, hyperparametersFrom, recipeModelFrom } from './architecture.ts'
import type { CatalogModel } from './catalog/types.ts'
import { hyperparametersOf, recipeModelOf } from './hyperparameters.ts'
import { quantizedTensors, type WeightTensor } from './recipe.ts'
import { isTokenEmbedding, layerOf } from './tensor-category.ts'
import { tensorsOf } from './tensor-list.ts'
import type { ModelFacts, Offer } from './types.ts'
import { bytesByType, elementsOf, isExpertTensor, weightBytes, weightParts } from './weights.ts'

/** Codebook types are made with an importance matrix by everybody who publishes them. */
const byMatrix = (fileType: FileType): boolean => fileType.startsWith('IQ') || fileType === 'Q2_K_S'

type OfferLabel = Pick<Offer, 'name' | 'fileType' | 'source'>

/** What a quantization of an architecture weighs by its recipe. Throws like `quantizedTensors`. */
export function computedOffer(
  architecture: Architecture,
  offer: OfferLabel,
  nativeType?: FileType | undefined,
): Offer {
  const tensors = quantizedTensors(recipeModelFrom(architecture), tensorsOf(architecture), offer.fileType, {
    hasImportanceMatrix: byMatrix(offer.fileType),
  })
  const isNative = offer.fileType === nativeType
  return { ...offer, ...weighed(tensors, architecture.layers), isExact: false, isNative }
}

/** A model of the catalog with quantizations of it. Throws like `quantizedTensors`. */
export function catalogFacts(model: CatalogModel, offers: readonly OfferLabel[]): ModelFacts {
  const { name, architecture, contextLength, nativeType } = model
  return {
    name,
    hyperparameters: hyperparametersFrom(architecture),
    experts: architecture.experts && {
      used: architecture.experts.used,
      count: architecture.experts.count,
    },
    ...parameterCounts(tensorsOf(architecture), architecture.experts),
    contextLength,
    offers: offers.map((offer) => computedOffer(architecture, offer, nativeType)),
  }
}

/**
 * A model by the header of its file, with the weights in this file as its only offer. Undefined when the header does
 * not say enough. Throws GgufError like `ggufFacts`.
 */
export function headerFacts(
  header: Pick<GgufHeader, 'metadata' | 'tensors'>,
  offer: OfferLabel & Pick<Offer, 'isNative'>,
): ModelFacts | undefined {
  const hyperparameters = hyperparametersOf(header)
  if (hyperparameters === undefined) return undefined
  const { architecture, layers = 0, contextLength } = ggufFacts(header)
  const own = (key: string) => header.metadata.get(`${architecture}.${key}`)
  const running = hyperparameters.memory.length
  // Layers that predict further tokens are not loaded.
  const tensors = header.tensors.filter(({ name }) => (layerOf(name) ?? 0) < running)
  const used = Math.max(0, ...perLayer(own('expert_used_count'), layers))
  const all = count(own('expert_count')) ?? 0
  const experts = used > 0 && all > 0 ? { used, count: all } : undefined
  return {
    name: offer.name,
    hyperparameters,
    experts,
    ...parameterCounts(tensors, experts),
    contextLength: contextLength ?? 0,
    offers: [{ ...offer, ...weighed(tensors, running), isExact: true }],
  }
}

/**
 * A model by the header of a file in a plain type, with what quantizing it here would make of it as its offers.
 * Undefined like `headerFacts`; throws like `quantizedTensors`.
 */
export function quantizableFacts(
  header: GgufHeader,
  name: string,
  fileTypes: readonly FileType[],
): ModelFacts | undefined {
  const facts = headerFacts(header, { name, fileType: 'F16', source: 'local-quantization', isNative: false })
  if (facts === undefined) return undefined
  const recipe = recipeModelOf(header)
  const running = facts.hyperparameters.memory.length
  const offers = fileTypes.map((fileType): Offer => {
    const tensors = quantizedTensors(recipe, header.tensors, fileType)
    const kept = tensors.filter((tensor) => (layerOf(tensor.name) ?? 0) < running)
    const label = { name: fileType, fileType, source: 'local-quantization' as const }
    return { ...label, ...weighed(kept, running), isExact: true, isNative: false }
  })
  return { ...facts, offers }
}

/** What a recipe may be off by, in either direction, before a file is taken for something else. */
const PLAUSIBLE = { least: 0.6, most: 1.6 }

/**
 * Another file of the model in `header`, of which only the size is known: its parts as the recipe divides them, its
 * sum as large as the file's tensors are. Undefined when the size is nothing that this recipe makes. Throws like
 * `quantizedTensors`.
 */
export function sizedOffer(
  header: Pick<GgufHeader, 'metadata' | 'tensors'>,
  offer: OfferLabel & Pick<Offer, 'isNative'>,
  allTensorBytes: number,
): Offer | undefined {
  const layers = hyperparametersOf(header)?.memory.length
  if (layers === undefined) return undefined
  const hasImportanceMatrix = byMatrix(offer.fileType)
  const all = quantizedTensors(recipeModelOf(header), header.tensors, offer.fileType, { hasImportanceMatrix })
  const factor = allTensorBytes / weightBytes(all)
  if (!(factor >= PLAUSIBLE.least && factor <= PLAUSIBLE.most)) return undefined
  const running = all.filter(({ name }) => (layerOf(name) ?? 0) < layers)
  return { ...offer, ...resized(weighed(running, layers), factor), isExact: true }
}

/** The same offer with another sum. */
export const resizedOffer = (offer: Offer, factor: number): Offer => ({
  ...offer,
  ...resized(offer, factor),
  isExact: true,
})

function resized<T extends Pick<Offer, 'parts' | 'weightBytes'>>(offer: T, factor: number): T {
  const { lookup, output, layers } = offer.parts
  const parts = {
    lookup: lookup * factor,
    output: output * factor,
    layers: layers.map(({ dense, experts }) => ({ dense: dense * factor, experts: experts * factor })),
  }
  return { ...offer, parts, weightBytes: offer.weightBytes * factor }
}

const isUntied = (tensors: readonly WeightTensor[]): boolean =>
  tensors.some(({ name }) => name === 'output.weight')

const weighed = (tensors: readonly WeightTensor[], layers: number) => ({
  parts: weightParts(tensors, layers),
  weightBytes: weightBytes(tensors),
  typeBytes: bytesByType(tensors),
  isTied: !isUntied(tensors),
})

/** All weights, and those that one token needs: no table it is looked up in, and of experts those that answer. */
function parameterCounts(
  tensors: readonly WeightTensor[],
  experts: { used: number; count: number } | undefined,
): Pick<ModelFacts, 'parameters' | 'activeParameters'> {
  const share = experts === undefined ? 1 : experts.used / experts.count
  const looksUp = isUntied(tensors)
  let parameters = 0
  let activeParameters = 0
  for (const tensor of tensors) {
    const elements = elementsOf(tensor)
    parameters += elements
    if (isExpertTensor(tensor)) activeParameters += elements * share
    else if (!looksUp || !isTokenEmbedding(tensor.name)) activeParameters += elements
  }
  return { parameters, activeParameters }
}
