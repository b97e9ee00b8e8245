/** Models of the catalog: known without a file, by the names of Ollama's library. */
import type { Steps } from '../../fit/candidates.ts'
import { catalogModel, largestFirst, smallerSiblings } from '../../fit/catalog/catalog.ts'
import { latestOf, sizesOf } from '../../fit/catalog/default-size.ts'
import { libraryOffers } from '../../fit/catalog/tags.ts'
import type { CatalogModel } from '../../fit/catalog/types.ts'
import { catalogFacts, computedOffer } from '../../fit/model-facts.ts'
import { qualityFloor } from '../../fit/preference.ts'
import { divergenceOf, qualityOf, qualityRank } from '../../fit/quality.ts'
import type { ModelFacts, Offer } from '../../fit/types.ts'
import { FILE_TYPES, type FileType, isFileType } from '../../gguf/file-type.ts'
import { hasTag, parseModelName } from '../../store/name.ts'
import type { ModelName } from '../../store/types.ts'
import { inSlices } from '../in-slices.ts'
import type { NamedModel, Sizes, Target, TargetQuestion } from './types.ts'

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
  return sizesOf(line ?? '').map((model) => model.name)
}

/** The name without what the library's names leave out, in lower case; undefined for names of other places. */
function libraryName(text: string): string | undefined {
  const name = parseModelName(text)
  if (name === undefined || !isInLibrary(name)) return undefined
  return (hasTag(text) ? `${name.model}:${name.tag}` : name.model).toLowerCase()
}

const isInLibrary = ({ host, namespace }: ModelName): boolean =>
  host.toLowerCase() === 'registry.ollama.ai' && namespace.toLowerCase() === 'library'

/**
 * What a name of the library leaves to choose. With a tag (`auto`) that is all sizes there are, the largest first, of
 * which one is to run well. Without a tag it is the size that `latest` is there, and smaller ones where that does not
 * fit: nobody who leaves the tag out expects a model ten times as large. Undefined for what the catalog does not know.
 */
export function sizesInLibrary(name: ModelName, isAnySize: boolean): Sizes | undefined {
  if (!isInLibrary(name)) return undefined
  const line = name.model.toLowerCase()
  const all = largestFirst(sizesOf(line))
  const latest = latestOf(line)
  const some = isAnySize ? all : latest && all.slice(all.indexOf(latest))
  if (some === undefined || some.length === 0) return undefined
  return {
    sizes: some.map((model) => (signal) => inSlices(taggedFacts(model), signal)),
    wanted: isAnySize ? 'runs-well' : 'fits',
  }
}

/** What is known of a tag of the library that names a size, a size and a quantization, or is `latest`. */
export async function namedInLibrary(name: ModelName, signal: AbortSignal): Promise<NamedModel | undefined> {
  if (!isInLibrary(name)) return undefined
  const text = `${name.model}:${name.tag}`.toLowerCase()
  const isLatest = name.tag.toLowerCase() === 'latest'
  const model = isLatest ? latestOf(name.model.toLowerCase()) : catalogModel(text)
  if (model === undefined) return undefined
  const offered = libraryOffers(model)
  const usual = offered.find(({ fileType }) => fileType === USUAL) ?? offered[0]
  const own = offered.find((offer) => offer.name.toLowerCase() === text) ?? usual
  return {
    model: await inSlices(taggedFacts(model), signal),
    offer: own?.name,
    async siblings(inner) {
      const found: ModelFacts[] = []
      for (const smaller of smallerSiblings(model)) found.push(await inSlices(taggedFacts(smaller), inner))
      return found
    },
  }
}

/** What a tag without a quantization is in the library; the oldest ones are Q4_0, which is as large. */
const USUAL: FileType = 'Q4_K_M'

/** A model of the catalog with every quantization that makes sense, and the one that is asked for. */
export function* libraryFacts(model: CatalogModel, wished?: string): Steps<ModelFacts> {
  const facts = catalogFacts(model, [])
  yield
  return yield* withOffers(model, facts, [...libraryOffers(model), ...otherTypes(model, facts, wished)])
}

/** A model of the catalog with the quantizations that the library has. */
export function* taggedFacts(model: CatalogModel): Steps<ModelFacts> {
  const facts = catalogFacts(model, [])
  yield
  return yield* withOffers(model, facts, libraryOffers(model))
}

function* withOffers(
  model: CatalogModel,
  facts: ModelFacts,
  labels: readonly Pick<Offer, 'name' | 'fileType' | 'source'>[],
): Steps<ModelFacts> {
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
