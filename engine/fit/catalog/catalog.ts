import { tensorsOf } from '../tensor-list.ts'
import { elementsOf } from '../weights.ts'
import { DEEPSEEK_MODELS } from './deepseek.ts'
import { GEMMA_MODELS } from './gemma.ts'
import { GPT_OSS_MODELS } from './gpt-oss.ts'
import { LLAMA_MODELS } from './llama.ts'
import { MISTRAL_MODELS } from './mistral.ts'
import { PHI_MODELS } from './phi.ts'
import { QWEN_MODELS } from './qwen.ts'
import { SMALL_MODELS } from './small.ts'
import { libraryOffers } from './tags.ts'
import type { CatalogModel } from './types.ts'

/** Models whose networks are known without a file. */
export const CATALOG: readonly CatalogModel[] = [
  ...LLAMA_MODELS,
  ...QWEN_MODELS,
  ...GEMMA_MODELS,
  ...MISTRAL_MODELS,
  ...DEEPSEEK_MODELS,
  ...GPT_OSS_MODELS,
  ...PHI_MODELS,
  ...SMALL_MODELS,
]

/**
 * The model a name stands for, in any case: with its size (`qwen3:8b`), with a tag of the library
 * (`qwen3:8b-q4_K_M`), or alone where the catalog has one size of it.
 */
export function catalogModel(name: string): CatalogModel | undefined {
  const wanted = name.toLowerCase()
  const exact = CATALOG.find((model) => model.name === wanted)
  if (exact !== undefined) return exact
  const tagged = CATALOG.find((model) =>
    libraryOffers(model).some((offer) => offer.name.toLowerCase() === wanted),
  )
  if (tagged !== undefined) return tagged
  const sizes = CATALOG.filter((model) => model.name.startsWith(`${wanted}:`))
  return sizes.length === 1 ? sizes[0] : undefined
}

const parametersOf = ({ architecture }: CatalogModel): number =>
  tensorsOf(architecture).reduce((sum, tensor) => sum + elementsOf(tensor), 0)

/** Smaller models of the same line, the largest first. */
export function smallerSiblings(model: CatalogModel): CatalogModel[] {
  const own = parametersOf(model)
  return largestFirst(CATALOG.filter((other) => other.line === model.line && parametersOf(other) < own))
}

/** Models by how many parameters they have. */
export const largestFirst = (models: readonly CatalogModel[]): CatalogModel[] =>
  models
    .map((model) => ({ model, parameters: parametersOf(model) }))
    .sort((a, b) => b.parameters - a.parameters)
    .map(({ model }) => model)
