/** Which of a family's installed quantizations is best for the memory that is free now. */
import { EngineError } from '../errors.ts'
import { type DecisionFacts, isWished, type Wishes } from '../fit/candidates.ts'
import { decide } from '../fit/decide.ts'
import type { Plan } from '../fit/plan.ts'
import { PASSES, RUNS_WELL } from '../fit/preference.ts'
import { isWorthReloading } from '../fit/replan.ts'
import type { Machine, ModelFacts } from '../fit/types.ts'
import type { EngineSettings } from '../settings.ts'
import { parseModelName } from '../store/name.ts'
import type { InstalledModel, ModelName, ModelStore } from '../store/types.ts'
import type { LoadedModel } from '../types.ts'
import { createInstalledFacts, type InstalledFacts } from './installed-facts.ts'
import { plainWishes } from './load-wishes.ts'
import { machineAfter, UNOCCUPIED } from './memory-left.ts'
import { sumOf } from './memory-sum.ts'
import type { ReadMachine } from './types.ts'

/** The tag that stands for the best of those that are installed. */
const AUTO_TAG = 'auto'

export const isAuto = (name: string): boolean => parseModelName(name)?.tag.toLowerCase() === AUTO_TAG

/** Two counts of the same weights may differ by tables that one file has and another has not. */
const SAME_SIZE = 0.01

interface Variant {
  model: InstalledModel
  facts: ModelFacts
}

export interface VariantParts {
  models: Pick<ModelStore, 'list'>
  readMachine: ReadMachine
  settings: EngineSettings
  /** Models in memory. */
  loaded: () => readonly LoadedModel[]
  installedFacts?: InstalledFacts
}

/**
 * A function from a name, whatever its tag, to the best installed quantization of that family. Sizes of one family are
 * looked at from the largest down to the first that runs well. One that is loaded stays unless another is better by a
 * quality label or a grade. Undefined when nothing of the family is installed.
 */
export function createVariants({
  models,
  readMachine,
  settings,
  loaded,
  installedFacts = createInstalledFacts(),
}: VariantParts): (name: ModelName) => Promise<InstalledModel | undefined> {
  return async (name) => {
    const family = (await models.list()).filter(
      (model) => model.weightsPath !== undefined && isOfFamily(model.name, name),
    )
    const known = await Promise.all(
      family.map(async (model) => ({ model, facts: await installedFacts(model) })),
    )
    const variants = known.flatMap(({ model, facts }) => (facts ? [{ model, facts }] : []))
    if (variants.length === 0) return family[0]
    const running = loaded()
    const own = running.filter((one) => family.some(({ fullName }) => fullName === one.model.fullName))
    const others = running.filter((one) => !own.includes(one))
    const { machine } = await readMachine()
    const free = machineAfter(machine, {
      ...UNOCCUPIED,
      leaving: sumOf(own.map(({ memory }) => memory)),
      staying: sumOf(others.map(({ memory }) => memory)),
    })
    return bestOfSizes(variants, { machine: free, settings }, own)
  }
}

const isOfFamily = (a: ModelName, b: ModelName): boolean =>
  (['host', 'namespace', 'model'] as const).every((part) => a[part].toLowerCase() === b[part].toLowerCase())

function bestOfSizes(
  variants: readonly Variant[],
  where: Where,
  loaded: readonly LoadedModel[],
): InstalledModel | undefined {
  const plans = bySize(variants).map((group) => planFor(group, where))
  const passOf = ({ plan }: (typeof plans)[number]) => PASSES.findIndex(({ name }) => name === plan.pass)
  const best =
    plans.find(({ plan }) => RUNS_WELL.includes(plan.pass)) ??
    plans
      .filter(({ plan }) => plan.verdict === 'fits')
      .reduce<(typeof plans)[number] | undefined>(
        (least, other) => (least === undefined || passOf(other) < passOf(least) ? other : least),
        undefined,
      )
  // Nothing fits comfortably: the smallest may still be loaded, or refused with its numbers.
  if (best === undefined) return smallest(variants)
  return keptOf(best, loaded) ?? chosenOf(best)
}

/** Weights of the same shape, the largest first. */
function bySize(variants: readonly Variant[]): Variant[][] {
  const groups: Variant[][] = []
  for (const variant of variants.toSorted((a, b) => b.facts.parameters - a.facts.parameters)) {
    const group = groups.find(([first]) => first !== undefined && isSameShape(first, variant))
    if (group === undefined) groups.push([variant])
    else group.push(variant)
  }
  return groups
}

const isSameShape = (a: Variant, b: Variant): boolean =>
  a.model.facts?.architecture === b.model.facts?.architecture &&
  Math.abs(a.facts.parameters - b.facts.parameters) <= SAME_SIZE * a.facts.parameters

interface Where {
  machine: Machine
  settings: EngineSettings
}

interface GroupPlan {
  group: readonly Variant[]
  facts: DecisionFacts
  wishes: Wishes
  plan: Plan
}

function planFor(group: readonly Variant[], { machine, settings }: Where): GroupPlan {
  const [first] = group
  if (first === undefined) throw new EngineError('model_not_found', 'there is nothing to choose from')
  const offers = group.flatMap(({ facts }) => facts.offers)
  const facts = { model: { ...first.facts, offers }, machine }
  const wishes = plainWishes(settings, machine, first.facts.contextLength)
  return { group, facts, wishes, plan: decide(facts, wishes) }
}

function chosenOf({ group, plan }: GroupPlan): InstalledModel | undefined {
  const offer = plan.chosen?.candidate.offer.name
  return group.find(({ model }) => model.fullName === offer)?.model
}

/** The one that is loaded, where loading the best in its place would gain too little. */
function keptOf({ group, facts, wishes, plan }: GroupPlan, loaded: readonly LoadedModel[]) {
  const model = loaded.find((one) =>
    group.some((variant) => variant.model.fullName === one.model.fullName),
  )?.model
  if (model === undefined || plan.chosen === undefined) return undefined
  const running = decide(facts, { ...wishes, offer: model.fullName }).chosen
  if (running === undefined || !running.fits) return undefined
  if (!isWished(running.candidate.offer, { offer: model.fullName })) return undefined
  return isWorthReloading(running, plan.chosen) ? undefined : model
}

const bytesOf = ({ facts }: Variant): number => facts.offers[0]?.weightBytes ?? 0

const smallest = (variants: readonly Variant[]): InstalledModel | undefined =>
  variants.toSorted((a, b) => bytesOf(a) - bytesOf(b))[0]?.model

/** The store with a tag `auto` for every family: the best of it now, unless a model really has this tag. */
export function withAutoTag(
  models: ModelStore,
  choose: (name: ModelName) => Promise<InstalledModel | undefined>,
): ModelStore {
  return {
    ...models,
    async find(text) {
      try {
        return await models.find(text)
      } catch (error) {
        const name = isAuto(text) ? parseModelName(text) : undefined
        if (name === undefined || !(error instanceof EngineError) || error.code !== 'model_not_found')
          throw error
        const chosen = await choose(name)
        if (chosen === undefined) throw error
        return chosen
      }
    },
  }
}
