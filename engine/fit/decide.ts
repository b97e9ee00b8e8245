import { type Assessment, assess } from './assess.ts'
import {
  type Candidate,
  candidatesFor,
  type DecisionFacts,
  eligibleOffers,
  eligibleSettings,
  fits,
  type Steps,
  settingsFor,
  type Wishes,
  wishedCacheType,
} from './candidates.ts'
import { shouldMapWeights } from './mapping.ts'
import { PINS, type Pin, type Plan } from './plan.ts'
import { bestOf, type Pass, RUNS_WELL } from './preference.ts'
import { divergenceOf } from './quality.ts'
import { reasonsFor } from './reasons.ts'
import type { Offer } from './types.ts'

/** Contexts of tables unless one is wished for. */
const TABLE_CONTEXT = 8192

/**
 * Chooses quantization, context, cache type and placement. A pure function of what is known: free memory and
 * measurements are arguments. Sixteen cards and two dozen quantizations take tenths of a second: where others wait
 * for the same thread, run `decision` in slices.
 */
export function decide(facts: DecisionFacts, wishes: Wishes = {}): Plan {
  return finished(decision(facts, wishes))
}

/** The result of steps that nobody has to rest between. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Like `decide`, with places to rest. */
export function* decision(facts: DecisionFacts, wishes: Wishes = {}): Steps<Plan> {
  const { best, closest, candidates } = yield* settle(facts, wishes)
  const chosen = best?.candidate ?? closest
  // An only offer is no choice.
  const pins = PINS.filter(
    (pin) => wishes[pin] !== undefined && (pin !== 'offer' || facts.model.offers.length > 1),
  )
  const unpinned =
    best === undefined && pins.length > 0 ? (yield* settle(facts, withoutPinsOf(wishes))).best : undefined
  const plan = {
    facts,
    wishes,
    verdict: best === undefined ? ('does-not-fit' as const) : ('fits' as const),
    chosen: chosen && assess(facts, wishes, chosen),
    pass: best?.pass.name,
    rows: yield* tableRows(facts, wishes),
    withoutPins: yield* withoutEach(facts, wishes, { pins, chosen }),
    alternative: unpinned && assess(facts, withoutPinsOf(wishes), unpinned.candidate),
    sibling: RUNS_WELL.includes(best?.pass.name) ? undefined : yield* siblingFor(facts, wishes),
    mapsWeights: chosen !== undefined && shouldMapWeights(chosen, facts.machine),
  }
  yield
  return {
    ...plan,
    reasons: reasonsFor({ ...plan, nextBetter: nextBetter(facts, wishes, candidates, chosen) }),
  }
}

/** What `decide` chooses, without its reasons; undefined when nothing fits. */
export const chosenFor = (facts: DecisionFacts, wishes: Wishes): Candidate | undefined =>
  finished(settle(facts, wishes)).best?.candidate

/** What would be chosen if one pin were not, where that is something else. */
function* withoutEach(
  facts: DecisionFacts,
  wishes: Wishes,
  { pins, chosen }: { pins: readonly Pin[]; chosen: Candidate | undefined },
): Steps<{ pin: Pin; chosen: Assessment }[]> {
  const found: { pin: Pin; chosen: Assessment }[] = []
  for (const pin of pins) {
    const free = { ...wishes, [pin]: undefined }
    const other = (yield* settle(facts, free)).best?.candidate
    if (other === undefined || (chosen !== undefined && isSame(other, chosen))) continue
    found.push({ pin, chosen: assess(facts, free, other) })
  }
  return found
}

interface Settled {
  best: { candidate: Candidate; pass: Pass } | undefined
  /** Of those that do not fit, or must not be chosen, the one that lacks least. */
  closest: Candidate | undefined
  candidates: readonly Candidate[]
}

function* settle(facts: DecisionFacts, wishes: Wishes): Steps<Settled> {
  const offers = eligibleOffers(facts.model, wishes)
  const settings = eligibleSettings(facts.model, wishes)
  const candidates = yield* candidatesFor(facts, wishes, { offers, settings })
  yield
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

/** All offers, the plain ones and those that were not wished for too, in one context and one cache type. */
function* tableRows(facts: DecisionFacts, wishes: Wishes): Steps<Assessment[]> {
  const { model } = facts
  const settings = settingsFor(wishes, {
    contextLength: wishes.contextLength ?? Math.min(model.contextLength, TABLE_CONTEXT),
    cacheType: wishedCacheType(model, wishes) ?? 'f16',
  })
  const offers = [...model.offers].sort(
    (a, b) => divergenceOf(a) - divergenceOf(b) || b.weightBytes - a.weightBytes,
  )
  const rows: Assessment[] = []
  for (const offer of offers) {
    const candidates = yield* candidatesFor(facts, wishes, { offers: [offer], settings: [settings] })
    const row = fastest(candidates.filter(fits)) ?? fastest(candidates)
    // Nobody asked for the table's context: it is no cut.
    if (row) rows.push(assess(facts, { ...wishes, contextLength: settings.contextLength }, row))
  }
  return rows
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

function* siblingFor(facts: DecisionFacts, wishes: Wishes): Steps<Plan['sibling']> {
  for (const model of facts.siblings ?? []) {
    const own = { ...facts, model }
    const { best } = yield* settle(own, withoutPinsOf(wishes))
    if (best !== undefined && RUNS_WELL.includes(best.pass.name)) {
      return { name: model.name, chosen: assess(own, withoutPinsOf(wishes), best.candidate) }
    }
  }
  return undefined
}
