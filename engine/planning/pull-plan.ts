/** Which of a model's sizes and quantizations is best to have on a machine. */
import { decision } from '../fit/decide.ts'
import type { Plan } from '../fit/plan.ts'
import { PASSES, RUNS_WELL } from '../fit/preference.ts'
import { divergenceOf } from '../fit/quality.ts'
import { isWorthReloading } from '../fit/replan.ts'
import type { Machine, ModelFacts, Offer } from '../fit/types.ts'
import { type EngineSettings, SMALL_MACHINE_CONTEXT } from '../settings.ts'
import { inSlices } from './in-slices.ts'
import { plainWishes } from './load-wishes.ts'
import type { Sizes } from './targets/types.ts'

/** Where the model is to run: what is free there with nothing else loaded. */
export interface Where {
  machine: Machine
  settings: EngineSettings
  signal: AbortSignal
}

/** How a model would be loaded; `offer` names the quantization, where that is decided. */
export async function planFor(
  facts: ModelFacts,
  { machine, settings, signal }: Where,
  { offer, siblings = [] }: { offer?: string | undefined; siblings?: readonly ModelFacts[] } = {},
): Promise<Plan> {
  // A model that does not say what it was trained for gets what everybody gets.
  const model = { ...facts, contextLength: facts.contextLength || SMALL_MACHINE_CONTEXT }
  const wishes = { ...plainWishes(settings, machine, model.contextLength), offer }
  return await inSlices(decision({ model, machine, siblings }, wishes), signal)
}

/** The plan of the best size in its best quantization; when none fits that of the last, which is the smallest. */
export async function bestPlan({ sizes, wanted }: Sizes, where: Where): Promise<Plan | undefined> {
  let best: Plan | undefined
  for (const size of sizes) {
    const plan = await planFor(await size(where.signal), where)
    const isEnough = wanted === 'runs-well' ? RUNS_WELL.includes(plan.pass) : plan.verdict === 'fits'
    if (isEnough) return plan
    if (best?.verdict !== 'fits' || rankOf(plan) < rankOf(best)) best = plan
  }
  return best
}

/** Less is better; what fits is in a pass. */
function rankOf({ pass }: Plan): number {
  const rank = PASSES.findIndex(({ name }) => name === pass)
  return rank < 0 ? PASSES.length : rank
}

/**
 * The plan of a quantization that is installed, where the chosen one would gain too little over it to be worth a
 * download: free memory moves all the time. Of several the best.
 */
export async function keptPlan(
  { facts, chosen }: Plan,
  where: Where,
  isInstalled: (offer: Offer) => Promise<boolean>,
): Promise<Plan | undefined> {
  if (chosen === undefined) return undefined
  const { model } = facts
  for (const offer of model.offers.toSorted((a, b) => divergenceOf(a) - divergenceOf(b))) {
    if (!(await isInstalled(offer))) continue
    const plan = await planFor(model, where, { offer: offer.name })
    if (plan.verdict !== 'fits' || plan.chosen === undefined) continue
    if (!isWorthReloading(plan.chosen, chosen)) return plan
  }
  return undefined
}
