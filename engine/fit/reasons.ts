import type { Assessment } from './assess.ts'
import { hostBudgetBytes } from './budget.ts'
import { type Candidate, comfortOf, eligibleOffers, fits } from './candidates.ts'
import type { Confidence } from './decode-speed.ts'
import type { Obstacle } from './placement.ts'
import type { Plan, Reason } from './plan.ts'
import { PASSES, qualityFloor } from './preference.ts'
import { qualityOf } from './quality.ts'
import {
  candidateText,
  estimateText,
  gibibytes,
  placeText,
  settingsText,
  speedText,
  weightCount,
} from './wording.ts'

type Explained = Omit<Plan, 'reasons'> & { nextBetter: Candidate | undefined }

/** Why a plan is what it is, the most important first. */
export function reasonsFor(plan: Explained): Reason[] {
  const { chosen, verdict } = plan
  if (chosen === undefined) return [nothingOffered(plan), ...elsewhere(plan)]
  if (verdict === 'does-not-fit')
    return [obstacle(plan, chosen), ...capHint(plan, chosen), ...elsewhere(plan)]
  return [
    placement(chosen),
    ...disk(chosen),
    activeWeights(plan, chosen),
    speed(chosen),
    ...context(plan, chosen),
    ...cache(plan, chosen),
    ...quality(plan),
    ...elsewhere(plan),
  ]
}

function nothingOffered({ wishes, facts }: Explained): Reason {
  const offers = eligibleOffers(facts.model, { ...wishes, offer: undefined })
  const known = offers.map(({ fileType }) => fileType).join(', ') || 'none'
  return {
    code: 'nothing-offered',
    numbers: { offers: offers.length },
    sentence: `${facts.model.name} is not to be had as ${wishes.offer ?? 'anything'}: there is ${known}.`,
  }
}

const OBSTACLES: Record<Obstacle, string> = {
  'device-memory': 'GPU memory',
  'gpu-cap': 'of the memory that the GPU may use',
  'host-memory': 'main memory',
}

function obstacle({ facts }: Explained, { candidate }: Assessment): Reason {
  const { placement: place, offer } = candidate
  if (place.obstacle === undefined) {
    return {
      code: 'below-floor',
      numbers: { weightBytes: offer.weightBytes },
      sentence:
        `Only quantizations below ${qualityFloor(facts.model)} would fit, ${offer.fileType} among them: ` +
        'a smaller model answers better than this one at so few bits.',
    }
  }
  return {
    code: 'does-not-fit',
    numbers: { missingBytes: place.missingBytes, neededBytes: place.deviceBytes + place.hostBytes },
    sentence:
      `Not even ${settingsText(candidate)} fits: it takes ` +
      `${gibibytes(place.deviceBytes + place.hostBytes)}, and ${gibibytes(place.missingBytes)} ` +
      `${OBSTACLES[place.obstacle]} are missing.`,
  }
}

function placement({ candidate }: Assessment): Reason {
  const { deviceBytes, hostBytes, shares } = candidate.placement
  const devices = shares.map(({ device }) => device.id).join(', ')
  const where = devices === '' ? '' : ` (${devices})`
  return {
    code: 'placement',
    numbers: { deviceBytes, hostBytes, gpus: shares.length },
    sentence:
      `${placeText(candidate.placement)}: ${gibibytes(deviceBytes)} on the GPU${where}, ` +
      `${gibibytes(hostBytes)} in main memory.`,
  }
}

function disk({ candidate }: Assessment): Reason[] {
  const { diskBytes } = candidate.placement
  if (diskBytes === 0) return []
  const sentence = `${gibibytes(diskBytes)} find no room in memory and are read from disk for every token.`
  return [{ code: 'disk', numbers: { diskBytes }, sentence }]
}

function activeWeights({ facts }: Explained, { candidate, bytesPerToken }: Assessment): Reason {
  const { weightBytes } = candidate.offer
  const { parameters, activeParameters } = facts.model
  return {
    code: 'active-weights',
    numbers: { weightBytes, bytesPerToken, parameters, activeParameters },
    sentence:
      `All ${gibibytes(weightBytes)} must lie somewhere; a token reads ${gibibytes(bytesPerToken)} of them ` +
      `(${weightCount(activeParameters)} of ${weightCount(parameters)} weights).`,
  }
}

const CONFIDENCE_WORDS: Record<Confidence, string> = {
  measured: 'measured',
  fitted: 'estimated from measurements of this device',
  class: 'estimated from devices of its class',
  hybrid: 'estimated, and rather too low with a part on the CPU',
  guess: 'a guess',
}

function speed({ candidate, fullSpeed }: Assessment): Reason {
  const { tokensPerSecond, terms, confidence } = candidate.decode
  const parts = terms.map(({ where, seconds }) => `${where} ${(seconds * 1000).toFixed(1)} ms`).join(' + ')
  return {
    code: 'speed',
    numbers: { tokensPerSecond, fullSpeed },
    sentence:
      `${estimateText(tokensPerSecond, confidence)} tokens/s (${CONFIDENCE_WORDS[confidence]}): ${parts} a token; ` +
      `${speedText(fullSpeed)} when the context is full.`,
  }
}

function context({ facts, wishes }: Explained, { candidate }: Assessment): Reason[] {
  const { contextLength } = candidate.settings
  const trained = facts.model.contextLength
  const comfort = comfortOf(facts.model, wishes)
  const numbers = { contextLength, trained, comfort }
  if (contextLength > trained) {
    const sentence = `${contextLength} tokens are more than the ${trained} that the model was trained for.`
    return [{ code: 'context-beyond-training', numbers, sentence }]
  }
  if (contextLength >= comfort) return []
  const sentence = `The context is ${contextLength} instead of ${comfort} tokens: longer ones do not fit or are too slow.`
  return [{ code: 'context', numbers, sentence }]
}

function cache({ wishes, facts }: Explained, { candidate }: Assessment): Reason[] {
  const { cacheType, contextLength } = candidate.settings
  if (wishes.cacheType !== undefined && wishes.cacheType !== cacheType) {
    const length = Math.max(...facts.model.hyperparameters.headLengths)
    const sentence = `The cache is ${cacheType}: heads of ${length} values are no whole blocks of ${wishes.cacheType}.`
    return [{ code: 'cache-type-unfit', numbers: { contextLength, headLength: length }, sentence }]
  }
  if (cacheType === 'f16' || wishes.cacheType !== undefined) return []
  const sentence = `The cache is ${cacheType}, which takes about half of f16 and costs next to no quality.`
  return [{ code: 'cache', numbers: { contextLength }, sentence }]
}

/** Why it is not the next better quantization. */
function quality({ nextBetter, pass }: Explained): Reason[] {
  if (nextBetter === undefined) return []
  const { offer, settings, placement: place, decode } = nextBetter
  const label = `${offer.fileType} (${qualityOf(offer)})`
  if (!fits(nextBetter)) {
    const sentence = `${label} would be better but ${gibibytes(place.missingBytes)} are missing for it.`
    return [{ code: 'quality-fits-not', numbers: { missingBytes: place.missingBytes }, sentence }]
  }
  const wanted = PASSES.find(({ name }) => name === pass)?.tokensPerSecond ?? 0
  return [
    {
      code: 'quality-too-slow',
      numbers: { tokensPerSecond: decode.tokensPerSecond, wanted },
      sentence:
        `${label} would be better but gives ${speedText(decode.tokensPerSecond)} tokens/s with ` +
        `${settings.contextLength} tokens of ${settings.cacheType} cache.`,
    },
  ]
}

/** What other wishes, or another model, would give. */
function elsewhere({ withoutPins, alternative, sibling, wishes }: Explained): Reason[] {
  const costs = withoutPins.map(
    ({ pin, chosen }): Reason => ({
      code: 'wish-costs',
      numbers: numbersOf(chosen),
      sentence: `Without ${pin} ${wishes[pin]} it would be ${candidateText(chosen.candidate)}.`,
    }),
  )
  const free = alternative && {
    code: 'without-wishes' as const,
    numbers: numbersOf(alternative),
    sentence: `The largest that fits is ${candidateText(alternative.candidate)}.`,
  }
  const smaller = sibling && {
    code: 'smaller-model' as const,
    numbers: numbersOf(sibling.chosen),
    sentence: `${sibling.name} runs well here: ${candidateText(sibling.chosen.candidate)}.`,
  }
  return [...costs, ...(free ? [free] : []), ...(smaller ? [smaller] : [])]
}

const numbersOf = ({ candidate }: Assessment) => ({
  contextLength: candidate.settings.contextLength,
  tokensPerSecond: candidate.decode.tokensPerSecond,
  weightBytes: candidate.offer.weightBytes,
})

const MIB = 2 ** 20

/** Apple lets users raise the cap; nobody else does it for them. */
function capHint({ facts }: Explained, { candidate }: Assessment): Reason[] {
  const { obstacle: what, missingBytes, shares, deviceBytes, hostBytes } = candidate.placement
  const device = shares[0]?.device
  if (deviceBytes + hostBytes > hostBudgetBytes(facts.machine)) return []
  if (what !== 'gpu-cap' || !device?.speedClass.startsWith('apple')) return []
  const mebibytes = Math.ceil((device.totalBytes + missingBytes) / MIB)
  return [
    {
      code: 'gpu-cap',
      numbers: { bytes: mebibytes * MIB },
      sentence: `With sudo sysctl iogpu.wired_limit_mb=${mebibytes} the GPU could use enough memory.`,
    },
  ]
}
