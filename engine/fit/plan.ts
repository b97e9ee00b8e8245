import type { Assessment } from './assess.ts'
import type { DecisionFacts, Wishes } from './candidates.ts'
import type { Pass } from './preference.ts'

/** A wish that narrows the choice. */
export const PINS = ['offer', 'contextLength', 'cacheType', 'gpuLayers', 'mainGpu'] as const
export type Pin = (typeof PINS)[number]

/** What to do with a model on a machine, and why. */
export interface Plan {
  facts: DecisionFacts
  wishes: Wishes
  verdict: 'fits' | 'does-not-fit'
  /** The best way to run it; when nothing fits, what came closest; undefined when nothing is offered. */
  chosen: Assessment | undefined
  /** How little had to be asked for until something was found; undefined when nothing fits. */
  pass: Pass['name'] | undefined
  /** Each offer in the same settings, the best quality first. */
  rows: readonly Assessment[]
  /** What would be chosen without one wish, for every wish that changes something. */
  withoutPins: readonly { pin: Pin; chosen: Assessment }[]
  /** When nothing fits: the best without any wishes that narrow the choice. */
  alternative: Assessment | undefined
  /** The largest smaller model that runs well here, when this one does not. */
  sibling: { name: string; chosen: Assessment } | undefined
  /** Weights are mapped from their file instead of read into memory. */
  mapsWeights: boolean
  reasons: readonly Reason[]
}

/** A plan of something that can be done. */
export type FittingPlan = Plan & { chosen: Assessment }

export const isFitting = (plan: Plan): plan is FittingPlan =>
  plan.verdict === 'fits' && plan.chosen !== undefined

/** One thing that decided, for programs and for people. */
export interface Reason {
  code:
    | 'nothing-offered'
    | 'does-not-fit'
    | 'below-floor'
    | 'placement'
    | 'active-weights'
    | 'speed'
    | 'context'
    | 'context-beyond-training'
    | 'cache'
    | 'cache-type-unfit'
    | 'quality-fits-not'
    | 'quality-too-slow'
    | 'wish-costs'
    | 'without-wishes'
    | 'smaller-model'
    | 'gpu-cap'
    | 'disk'
  /** Bytes, tokens, tokens a second and counts, by name. */
  numbers: Readonly<Record<string, number>>
  sentence: string
}
