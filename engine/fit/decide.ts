import { type Assessment, assess } from './assess.ts'
import {
  type Candidate,
  candidatesFor,
  type DecisionFacts,
  eligibleOffers,
  eligibleSettings,
  fits,
  settingsFor,
  type Wishes,
} from './candidates.ts'
import { shouldMapWeights } from './mapping.ts'
import { PINS, type Plan } from './plan.ts'
import { bestOf, type Pass } from './preference.ts'
import { divergenceOf } from './quality.ts'
import { reasonsFor } from './reasons.ts'
import type { Offer } from './types.ts'

/** Passes that end the search for a better model. */
const RUNS_WELL = ['A', 'A2', 'B']
/** Contexts of tables unless one is wished for. */
const TABLE_CONTEXT = 8192

/**
 * Chooses quantization, context, cache type and placement. A pure function of what is known: free memory and
 * measurements are arguments.
 */
export function decide(facts: DecisionFacts, wishes: Wishes = {}): Plan {
  const { best, closest, candidates } = settle(facts, wishes)
  const show = (candidate: Candidate) => assess(facts, wishes, candidate)
  const chosen = best?.candidate ?? closest
  // An only offer is no choice.
  const pins = PINS.filter(
    (pin) => wishes[pin] !== undefined && (pin !== 'offer' || facts.model.offers.length > 1),
  )
  const withoutPins = pins.flatMap((pin) => {
    const other = settle(facts, { ...wishes, [pin]: undefined }).best?.candidate
    if (other === undefined || (chosen !== undefined && isSame(other, chosen))) return []
    return [{ pin, chosen: assess(facts, { ...wishes, [pin]: undefined }, other) }]
  })
  const unpinned =
    best === undefined && pins.length > 0 ? settle(facts, withoutPinsOf(wishes)).best : undefined
  const plan = {
    facts,
    wishes,
    verdict: best === undefined ? ('does-not-fit' as const) : ('fits' as const),
    chosen: chosen && show(chosen),
    pass: best?.pass.name,
    rows: tableRows(facts, wishes),
    withoutPins,
    alternative: unpinned && assess(facts, withoutPinsOf(wishes), unpinned.candidate),
    sibling: RUNS_WELL.includes(best?.pass.name ?? '') ? undefined : siblingFor(facts, wishes),
    mapsWeights: chosen !== undefined && shouldMapWeights(chosen, facts.machine),
  }
  return {
    ...plan,
    reasons: reasonsFor({ ...plan, nextBetter: nextBetter(facts, wishes, candidates, chosen) }),
  }
}

/** What `decide` chooses, without its reasons; undefined when nothing fits. */
export const chosenFor = (facts: DecisionFacts, wishes: Wishes): Candidate | undefined =>
  settle(facts, wishes).best?.candidate

interface Settled {
  best: { candidate: Candidate; pass: Pass } | undefined
  /** Of those that do not fit, or must not be chosen, the one that lacks least. */
  closest: Candidate | undefined
  candidates: readonly Candidate[]
}

function settle(facts: DecisionFacts, wishes: Wishes): Settled {
  const offers = eligibleOffers(facts.model, wishes)
  const candidates = candidatesFor(facts, wishes, { offers, settings: eligibleSettings(facts.model, wishes) })
  const best = bestOf(candidates, { model: facts.model, wishes })
  return { best, closest: best ? undefined : leastMissing(candidates), candidates }
}

const leastMissing = (candidates: readonly Candidate[]): Candidate | undefined =>
  candidates.reduce<Candidate | undefined>(
    (least, other) =>
      least === undefined || other.placement.missingBytes < least.placement.missingBytes ? other : least,
    undefined,
  )

const withoutPinsOf = (wishes: Wishes): Wishes => ({
  ...wishes,
  ...Object.fromEntries(PINS.map((pin) => [pin, undefined])),
})

const isSame = (a: Candidate, b: Candidate): boolean =>
  a.offer === b.offer &&
  a.settings.contextLength === b.settings.contextLength &&
  a.settings.cacheType === b.settings.cacheType &&
  a.placement.gpuLayers === b.placement.gpuLayers &&
  a.placement.expertLayersInRam === b.placement.expertLayersInRam &&
  a.placement.shares.every(({ device }, i) => device === b.placement.shares[i]?.device)

/** All offers, the plain ones too, in one context and one cache type. */
function tableRows(facts: DecisionFacts, wishes: Wishes): Assessment[] {
  const { model } = facts
  const settings = settingsFor(wishes, {
    contextLength: wishes.contextLength ?? Math.min(model.contextLength, TABLE_CONTEXT),
    cacheType: wishes.cacheType ?? 'f16',
  })
  const offers = wishes.offer === undefined ? model.offers : eligibleOffers(model, wishes)
  return [...offers]
    .sort((a, b) => divergenceOf(a) - divergenceOf(b) || b.weightBytes - a.weightBytes)
    .flatMap((offer) => {
      const candidates = candidatesFor(facts, wishes, { offers: [offer], settings: [settings] })
      const row = fastest(candidates.filter(fits)) ?? fastest(candidates)
      // Nobody asked for the table's context: it is no cut.
      return row === undefined
        ? []
        : [assess(facts, { ...wishes, contextLength: settings.contextLength }, row)]
    })
}

const fastest = (candidates: readonly Candidate[]): Candidate | undefined =>
  [...candidates].sort((a, b) => b.decode.tokensPerSecond - a.decode.tokensPerSecond)[0]

/** The offer one step better than the chosen one, in the form that came closest to being chosen. */
function nextBetter(
  facts: DecisionFacts,
  wishes: Wishes,
  candidates: readonly Candidate[],
  chosen: Candidate | undefined,
): Candidate | undefined {
  if (chosen === undefined) return undefined
  const better = (offer: Offer) => divergenceOf(offer) < divergenceOf(chosen.offer)
  const least = Math.max(...candidates.map(({ offer }) => (better(offer) ? divergenceOf(offer) : -1)))
  const own = candidates.filter(({ offer }) => divergenceOf(offer) === least)
  return bestOf(own, { model: facts.model, wishes })?.candidate ?? leastMissing(own)
}

function siblingFor(facts: DecisionFacts, wishes: Wishes): Plan['sibling'] {
  for (const model of facts.siblings ?? []) {
    const own = { ...facts, model }
    const { best } = settle(own, withoutPinsOf(wishes))
    if (best !== undefined && RUNS_WELL.includes(best.pass.name)) {
      return { name: model.name, chosen: assess(own, withoutPinsOf(wishes), best.candidate) }
    }
  }
  return undefined
}
