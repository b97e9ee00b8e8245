import { type CacheType, suitsHeads } from './cache.ts'
import { type DecodeSpeed, decodeSpeed } from './decode-speed.ts'
import { partCosts } from './part-costs.ts'
import type { Placement } from './placement.ts'
import { type PlacementPins, placementOptions } from './placement-options.ts'
import type { LoadSettings, Machine, ModelFacts, Offer } from './types.ts'

/** One way to run a model. */
export interface Candidate {
  offer: Offer
  settings: LoadSettings
  placement: Placement
  /** With an empty cache. */
  decode: DecodeSpeed
}

/** What a user or a client asks for. Whatever is set is kept to; the rest is planned. */
export interface Wishes extends PlacementPins {
  /** The name of an offer, or its file type. */
  offer?: string | undefined
  /** Tokens a sequence (num_ctx). */
  contextLength?: number | undefined
  cacheType?: CacheType | undefined
  /** Context to have before anything else improves; 16384 unless set. */
  comfortContext?: number | undefined
  /** No longer context is chosen unasked. */
  mostContext?: number | undefined
  sequences?: number | undefined
  stepTokens?: number | undefined
  /** False where a load has shown that the device cannot. */
  hasFlashAttention?: boolean | undefined
  /** Bytes that each GPU leaves free beyond its margin (OLLAMA_GPU_OVERHEAD). */
  deviceReserveBytes?: number | undefined
  /** Weights that find no room in memory may be read from disk for every token. */
  allowsDisk?: boolean | undefined
}

export interface DecisionFacts {
  model: ModelFacts
  machine: Machine
  /** Smaller models of the same line, the largest first: what to name when this one is too large. */
  siblings?: readonly ModelFacts[]
  /** Measured speed divided by the computed one, by `planKey`. */
  measurements?: ReadonlyMap<string, number>
}

const CONTEXTS = [131072, 65536, 32768, 16384, 8192, 4096]
/** Kept free of loss: a cache in four bits shows, so nobody gets one unasked. */
const CACHE_TYPES: readonly CacheType[] = ['f16', 'q8_0']
const COMFORT_CONTEXT = 16384
const STEP_TOKENS = 512
/** Larger than any use: only when asked for, or when there is nothing else. */
const PLAIN = new Set(['F16', 'BF16', 'F32'])

/** Context that comes before quality; never more than the model was trained for. */
export const comfortOf = ({ contextLength }: ModelFacts, wishes: Wishes): number =>
  wishes.contextLength ?? Math.min(contextLength, wishes.comfortContext ?? COMFORT_CONTEXT)

/** Whether the wish means this offer. */
export const isWished = (offer: Offer, { offer: wish }: Wishes): boolean =>
  wish !== undefined && [offer.name.toLowerCase(), offer.fileType.toLowerCase()].includes(wish.toLowerCase())

/** The offers a plan may choose from; none when the wish names one that does not exist. */
export function eligibleOffers({ offers }: ModelFacts, wishes: Wishes): readonly Offer[] {
  if (wishes.offer !== undefined) return offers.filter((offer) => isWished(offer, wishes))
  const packed = offers.filter((offer) => offer.isNative || !PLAIN.has(offer.fileType))
  return packed.length > 0 ? packed : offers
}

export function settingsFor(
  wishes: Wishes,
  { contextLength, cacheType }: Pick<LoadSettings, 'contextLength' | 'cacheType'>,
): LoadSettings {
  return {
    contextLength,
    cacheType,
    sequences: wishes.sequences ?? 1,
    stepTokens: wishes.stepTokens ?? STEP_TOKENS,
    hasFlashAttention: wishes.hasFlashAttention ?? true,
    deviceReserveBytes: wishes.deviceReserveBytes ?? 0,
  }
}

function contextsFor({ contextLength }: ModelFacts, wishes: Wishes): number[] {
  if (wishes.contextLength !== undefined) return [wishes.contextLength]
  const most = Math.min(contextLength, wishes.mostContext ?? contextLength)
  const trained = CONTEXTS.filter((context) => context <= most)
  return trained.length > 0 ? trained : [Math.max(1, most)]
}

/** The cache type that is wished for, or the plain one in place of one that the model's heads have no blocks for. */
export const wishedCacheType = (
  { hyperparameters }: ModelFacts,
  { cacheType }: Wishes,
): CacheType | undefined =>
  cacheType === undefined || suitsHeads(cacheType, hyperparameters) ? cacheType : 'f16'

function cacheTypesFor(model: ModelFacts, wishes: Wishes): readonly CacheType[] {
  const wished = wishedCacheType(model, wishes)
  if (wished !== undefined) return [wished]
  const { hasFlashAttention = true } = wishes
  // Without flash attention values are kept as columns, which blocks do not allow (llama.cpp src/llama-context.cpp).
  if (!hasFlashAttention) return ['f16']
  return CACHE_TYPES.filter((type) => suitsHeads(type, model.hyperparameters))
}

/** All settings that a plan may choose. */
export const eligibleSettings = (model: ModelFacts, wishes: Wishes): LoadSettings[] =>
  contextsFor(model, wishes).flatMap((contextLength) =>
    cacheTypesFor(model, wishes).map((cacheType) => settingsFor(wishes, { contextLength, cacheType })),
  )

/**
 * Work that yields wherever it may rest: the whole takes up to tenths of a second, each step a few milliseconds at
 * most.
 */
export type Steps<T> = Generator<undefined, T, undefined>

/** Ways to run each of the offers with each of the settings, those that do not fit among them. */
export function* candidatesFor(
  facts: DecisionFacts,
  wishes: Wishes,
  { offers, settings }: { offers: readonly Offer[]; settings: readonly LoadSettings[] },
): Steps<Candidate[]> {
  const found: Candidate[] = []
  for (const some of settings) {
    const costs = partCosts(facts.model.hyperparameters, some)
    for (const offer of offers) {
      const job = {
        offer,
        machine: facts.machine,
        settings: some,
        costs,
        allowsDisk: wishes.allowsDisk ?? false,
      }
      for (const placement of placementOptions(job, wishes)) {
        found.push(candidate(facts, { offer, settings: some, placement }))
      }
      yield
    }
  }
  return found
}

function candidate(
  { model, machine, measurements }: DecisionFacts,
  chosen: Pick<Candidate, 'offer' | 'settings' | 'placement'>,
): Candidate {
  const measuredRatio = measurements?.get(planKey(chosen))
  return { ...chosen, decode: decodeSpeed({ model, machine, ...chosen, depth: 0, measuredRatio }) }
}

/** Plans with the same key are as fast as each other: what was measured of one holds for all. */
export const planKey = ({ offer, placement }: Pick<Candidate, 'offer' | 'placement'>): string =>
  [
    offer.fileType,
    placement.mode,
    `${placement.gpuLayers}/${placement.expertLayersInRam}`,
    ...placement.shares.map(({ device }) => device.name),
  ].join(' ')

export const fits = ({ placement }: Candidate): boolean => placement.obstacle === undefined

/** Bytes of memory a candidate takes, wherever it is. */
export const memoryBytes = ({ placement }: Candidate): number =>
  placement.deviceBytes + placement.hostBytes - placement.diskBytes
