/** Models in the store: what their files' headers say, exactly. */
import { CATALOG, smallerSiblings } from '../../fit/catalog/catalog.ts'
import type { CatalogModel } from '../../fit/catalog/types.ts'
import type { ModelFacts, Offer } from '../../fit/types.ts'
import type { GgufFacts } from '../../gguf/types.ts'
import type { InstalledModel, ModelStore } from '../../store/types.ts'
import { inSlices } from '../in-slices.ts'
import type { ReadFacts } from '../installed-facts.ts'
import { libraryFacts } from './library.ts'
import type { Target } from './types.ts'

/** Other quantizations that are looked at; people keep a few. */
const MOST_RELATIVES = 32

/** The target of an installed model, with its other quantizations that are installed or in the library. */
export async function installedTarget(
  models: ModelStore,
  factsOf: ReadFacts,
  model: InstalledModel,
  signal: AbortSignal,
): Promise<Target> {
  const own = await factsOf(model, model.shortName)
  const offers: Offer[] = [...own.offers]
  const weightsPaths = model.weightsPath === undefined ? [] : [model.weightsPath]
  const relatives = (await models.list()).filter((other) => isRelative(other, model))
  for (const other of distinct(relatives, model).slice(0, MOST_RELATIVES)) {
    signal.throwIfAborted()
    // One that cannot be read is no reason not to say whether this one fits.
    const facts = await factsOf(other, other.shortName).catch(() => undefined)
    if (facts === undefined) continue
    offers.push(...facts.offers)
    if (other.weightsPath !== undefined) weightsPaths.push(other.weightsPath)
  }
  const catalog = catalogOf(model, own)
  if (catalog !== undefined) {
    const { offers: all } = await inSlices(libraryFacts(catalog), signal)
    const here = new Set(offers.map(({ fileType }) => fileType))
    offers.push(...all.filter(({ fileType, source }) => source === 'library' && !here.has(fileType)))
  }
  const siblings: ModelFacts[] = []
  for (const smaller of catalog === undefined ? [] : smallerSiblings(catalog)) {
    siblings.push(await inSlices(libraryFacts(smaller), signal))
  }
  const { projectorPaths, draftPaths } = model
  const uncounted = [
    ...(projectorPaths.length > 0 ? ['the projector for images or sound'] : []),
    ...(draftPaths.length > 0 ? ['the draft model'] : []),
  ]
  const notes = uncounted.length === 0 ? [] : [`Not counted: ${uncounted.join(' and ')}.`]
  return { model: { ...own, offers }, siblings, offer: model.shortName, weightsPaths, notes }
}

/** The same network in other bits: one line of names, one shape. */
const isRelative = (other: InstalledModel, { name, facts }: InstalledModel): boolean =>
  `${other.name.host}/${other.name.namespace}/${other.name.model}`.toLowerCase() ===
    `${name.host}/${name.namespace}/${name.model}`.toLowerCase() &&
  other.facts !== undefined &&
  facts !== undefined &&
  isSameNetwork(other.facts, facts)

const SHAPE = ['architecture', 'parameterCount', 'layers', 'embeddingLength', 'vocabularySize'] as const
const isSameNetwork = (a: GgufFacts, b: GgufFacts): boolean => SHAPE.every((key) => a[key] === b[key])

/** Each file once: other names of the same weights are no other offer. */
function distinct(relatives: readonly InstalledModel[], { weightsPath }: InstalledModel): InstalledModel[] {
  const seen = new Set([weightsPath])
  return relatives.filter(({ weightsPath: path }) => !seen.has(path) && seen.add(path))
}

/** The model of the catalog that this one is a file of: by its name, and by the shape of its network. */
function catalogOf({ name, facts }: InstalledModel, own: ModelFacts): CatalogModel | undefined {
  return CATALOG.find(
    ({ name: known, architecture }) =>
      known.startsWith(`${name.model.toLowerCase()}:`) &&
      architecture.family === facts?.architecture &&
      architecture.layers === own.hyperparameters.memory.length &&
      architecture.embeddingLength === own.hyperparameters.embeddingLength,
  )
}
