/** Models of the catalog: known without a file, by the names of Ollama's library. */
import type { Steps } from '../../fit/candidates.ts'
import { CATALOG, catalogModel, smallerSiblings } from '../../fit/catalog/catalog.ts'
import { libraryOffers } from '../../fit/catalog/tags.ts'
import type { CatalogModel } from '../../fit/catalog/types.ts'
import { catalogFacts, computedOffer } from '../../fit/model-facts.ts'
import { qualityFloor } from '../../fit/preference.ts'
import { divergenceOf, qualityOf, qualityRank } from '../../fit/quality.ts'
import type { ModelFacts, Offer } from '../../fit/types.ts'
import { FILE_TYPES, type FileType, isFileType } from '../../gguf/file-type.ts'
import { parseModelName } from '../../store/name.ts'
import { inSlices } from '../in-slices.ts'
import type { Target, TargetQuestion } from './types.ts'

/** By name and type. As many as the catalog has models times types there are; each a row for every layer. */
const offers = new Map<string, Offer>()

/** The target of a catalog name; undefined for names that are not in the catalog. */
export async function libraryTarget(
  { text, fileType }: TargetQuestion,
  signal: AbortSignal,
): Promise<Target | undefined> {
  const name = libraryName(text)
  const model = name === undefined ? undefined : catalogModel(name)
  if (name === undefined || model === undefined) return undefined
  const tagged = libraryOffers(model).find((offer) => offer.name.toLowerCase() === name)
  const facts = await inSlices(libraryFacts(model, fileType), signal)
  const siblings: ModelFacts[] = []
  for (const sibling of smallerSiblings(model)) siblings.push(await inSlices(libraryFacts(sibling), signal))
  const tags = libraryOffers(model).map((offer) => offer.fileType)
  const others = facts.offers.filter((offer) => !tags.includes(offer.fileType))
  const notes =
    others.length === 0
      ? []
      : [
          `Ollama's library has ${model.name} as ${tags.join(', ')}; the others are computed as llama.cpp makes ` +
            'them, and are to be had on Hugging Face or nowhere.',
        ]
  return { model: facts, siblings, offer: tagged?.name, notes }
}

/** Sizes of a catalog line, for a name that several of them share; empty for others. */
export function librarySizes(text: string): string[] {
  const name = libraryName(text)
  const [line] = name?.split(':') ?? []
  return CATALOG.filter((model) => model.name.startsWith(`${line}:`)).map((model) => model.name)
}

/** The name without what the library's names leave out, in lower case; undefined for names of other places. */
function libraryName(text: string): string | undefined {
  const name = parseModelName(text)
  if (name?.host.toLowerCase() !== 'registry.ollama.ai' || name.namespace.toLowerCase() !== 'library') {
    return undefined
  }
  const hasTag = text.lastIndexOf(':') > text.lastIndexOf('/')
  return (hasTag ? `${name.model}:${name.tag}` : name.model).toLowerCase()
}

/** A model of the catalog with every quantization that makes sense, and the one that is asked for. */
export function* libraryFacts(model: CatalogModel, wished?: string): Steps<ModelFacts> {
  const facts = catalogFacts(model, [])
  yield
  const labels = [...libraryOffers(model), ...otherTypes(model, facts, wished)]
  const found: Offer[] = []
  for (const label of labels) {
    const key = `${label.name} ${model.name}`
    const offer = offers.get(key) ?? computedOffer(model.architecture, label, model.nativeType)
    offers.set(key, offer)
    found.push(offer)
    yield
  }
  return { ...facts, offers: found }
}

/**
 * Types that publishers make of models though the library has no tag for them, down to the floor by size: below it a
 * smaller model is the better answer. A model that was trained in one type comes in that type. What is asked for by
 * name is there whatever the floor says.
 */
function otherTypes(model: CatalogModel, facts: ModelFacts, wished = '') {
  const inLibrary: readonly FileType[] = model.tags.fileTypes
  const floor = qualityRank(qualityFloor(facts))
  const isOffered = (fileType: FileType) => {
    if (inLibrary.includes(fileType)) return false
    if (fileType === wished.toUpperCase()) return true
    const quality = { fileType, isNative: false }
    const isLossy = divergenceOf(quality) > 0 && Number.isFinite(divergenceOf(quality))
    return model.nativeType === undefined && isLossy && qualityRank(qualityOf(quality)) >= floor
  }
  return Object.keys(FILE_TYPES)
    .filter(isFileType)
    .filter(isOffered)
    .map((fileType) => ({ name: fileType, fileType, source: 'hugging-face' as const }))
}
