/**
 * Which of many ways to run a model is best. Passes come first, each asking for less than the one before: what is
 * given up, in this order, is context above comfort, the cache's precision, quantization down to the knee of four
 * bits, experts on the GPU, context down to 8192 tokens, and only then quality that users see.
 */
import { type Candidate, comfortOf, fits, memoryBytes, type Wishes } from './candidates.ts'
import { divergenceOf, type QualityLabel, qualityOf, qualityRank } from './quality.ts'
import type { ModelFacts, OfferSource } from './types.ts'

export interface Pass {
  name: 'A' | 'A2' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G'
  quality: QualityLabel
  /** Nothing is computed by the CPU. */
  isOnGpu?: boolean
  tokensPerSecond: number
  contextLength: 'comfort' | number
  allowsDisk?: boolean
}

export const PASSES: readonly Pass[] = [
  { name: 'A', quality: 'Good', isOnGpu: true, tokensPerSecond: 15, contextLength: 'comfort' },
  { name: 'A2', quality: 'Good', tokensPerSecond: 15, contextLength: 'comfort' },
  { name: 'B', quality: 'Good', tokensPerSecond: 8, contextLength: 8192 },
  { name: 'C', quality: 'Fair', tokensPerSecond: 8, contextLength: 8192 },
  { name: 'D', quality: 'Low', tokensPerSecond: 4, contextLength: 8192 },
  { name: 'E', quality: 'Very Low', tokensPerSecond: 4, contextLength: 4096 },
  { name: 'F', quality: 'Very Low', tokensPerSecond: 1.5, contextLength: 0 },
  { name: 'G', quality: 'Very Low', tokensPerSecond: 0, contextLength: 0, allowsDisk: true },
]

/** Passes in which a model runs well: a smaller one would only be faster. */
export const RUNS_WELL: readonly (Pass['name'] | undefined)[] = ['A', 'A2', 'B']

/** Speeds are estimates: what is a tenth too slow may be fast enough. */
export const SPEED_TOLERANCE = 0.9

/** From here on a model at few bits is still better than a smaller one at many. */
const LARGE_DENSE = 60e9
const LARGE_EXPERTS = 100e9

/** The least quality a plan may choose by itself: below it the next smaller model is the better answer. */
export const qualityFloor = ({ parameters, experts }: ModelFacts): QualityLabel =>
  parameters >= (experts === undefined ? LARGE_DENSE : LARGE_EXPERTS) ? 'Very Low' : 'Fair'

export type Question = { model: ModelFacts; wishes: Wishes }

/**
 * The first pass that a candidate has a place in, down to `last`; undefined when there is none, it does not fit or is
 * worse than the floor.
 */
export function passOf(candidate: Candidate, question: Question, last?: Pass): Pass | undefined {
  if (!fits(candidate)) return undefined
  const most = last === undefined ? PASSES : PASSES.slice(0, PASSES.indexOf(last) + 1)
  return most.find((pass) => isIn(pass, candidate, question))
}

function isIn(pass: Pass, { offer, settings, placement, decode }: Candidate, { model, wishes }: Question) {
  // What is cheap to say comes first: this is asked thousands of times.
  if (decode.tokensPerSecond < SPEED_TOLERANCE * pass.tokensPerSecond) return false
  if (pass.isOnGpu && placement.mode !== 'gpu') return false
  if (!pass.allowsDisk && placement.diskBytes > 0) return false
  const comfort = comfortOf(model, wishes)
  const context = pass.contextLength === 'comfort' ? comfort : Math.min(pass.contextLength, comfort)
  if (settings.contextLength < context) return false
  const least = Math.max(qualityRank(pass.quality), qualityRank(qualityFloor(model)))
  return wishes.offer !== undefined || qualityRank(qualityOf(offer)) >= least
}

const SOURCES: readonly OfferSource[] = ['installed', 'local-quantization', 'library', 'hugging-face']
const CACHE_ORDER: readonly string[] = [
  'f32',
  'f16',
  'bf16',
  'q8_0',
  'q5_1',
  'q5_0',
  'q4_1',
  'q4_0',
  'iq4_nl',
]

/** Less is better, from the most important on. */
function ranks(candidate: Candidate, question: Question): number[] {
  const { offer, settings, placement, decode } = candidate
  const comfort = comfortOf(question.model, question.wishes)
  return [
    divergenceOf(offer),
    -Math.min(settings.contextLength, 2 * comfort),
    CACHE_ORDER.indexOf(settings.cacheType),
    -settings.contextLength,
    -decode.tokensPerSecond,
    memoryBytes(candidate),
    placement.shares.length,
    SOURCES.indexOf(offer.source),
  ]
}

/** The best candidate and its pass; undefined when none has a place in any. */
export function bestOf(
  candidates: readonly Candidate[],
  question: Question,
): { candidate: Candidate; pass: Pass } | undefined {
  let best: { candidate: Candidate; pass: Pass; ranks: number[] } | undefined
  for (const candidate of candidates) {
    // Of a thousand candidates few are in the best pass: the others need not be ranked.
    const pass = passOf(candidate, question, best?.pass)
    if (pass === undefined) continue
    const own = ranks(candidate, question)
    if (best === undefined || pass !== best.pass || isBefore(own, best.ranks)) {
      best = { candidate, pass, ranks: own }
    }
  }
  return best && { candidate: best.candidate, pass: best.pass }
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? value
    if (value !== other) return value < other
  }
  return false
}
