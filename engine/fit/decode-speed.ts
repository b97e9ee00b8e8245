/**
 * Time for one token of one sequence: the sum, over devices, of the bytes that have to be read divided by what the
 * device reads a second, and a fixed cost for each layer. Devices take turns, they do not overlap. Class constants
 * alone are within 18 % of nine in ten of 149 published measurements; plans with a part on the CPU err low.
 */
import { layoutOf } from './budget.ts'
import { cacheBytesPerLayer } from './cache.ts'
import { cpuRates, decodeProfile, isGuessed } from './decode-profile.ts'
import type { DeviceShare, Placement } from './placement.ts'
import type { LoadSettings, Machine, ModelFacts, Offer } from './types.ts'

/** What a token costs on one device, or in main memory or on disk. */
export interface DecodeTerm {
  /** A device's id, `CPU` or `disk`. */
  where: string
  bytes: number
  seconds: number
}

/** From the surest to the least sure. */
export const CONFIDENCES = ['measured', 'fitted', 'class', 'hybrid', 'guess'] as const
export type Confidence = (typeof CONFIDENCES)[number]

export interface DecodeSpeed {
  tokensPerSecond: number
  terms: readonly DecodeTerm[]
  confidence: Confidence
}

export interface SpeedJob {
  model: ModelFacts
  offer: Offer
  machine: Machine
  settings: LoadSettings
  placement: Placement
  /** Tokens that are in the cache already. */
  depth: number
  /** Measured speed divided by the computed one, of earlier answers of this very plan. */
  measuredRatio?: number | undefined
}

/** Weights read from disk at random, an ordinary NVMe drive. */
const DISK_BANDWIDTH = 5e9
/** Latent attention over several NVIDIA GPUs falls behind, by one report (ik_llama.cpp issue 263). */
const SPREAD_LATENT = 0.6

export function decodeSpeed(job: SpeedJob): DecodeSpeed {
  const cache = cacheRead(job)
  const terms = [
    ...job.placement.shares.map((share) => deviceTerm(job, share, cache)),
    ...hostTerms(job, cache),
  ]
  return {
    tokensPerSecond: (job.measuredRatio ?? 1) / sum(terms.map(({ seconds }) => seconds)),
    terms,
    confidence: confidenceIn(job),
  }
}

/** Bytes of each layer's cache that one token looks at. */
function cacheRead({ model, settings, depth }: SpeedJob): number[] {
  if (depth === 0) return model.hyperparameters.memory.map(() => 0)
  const layout = layoutOf({ ...settings, contextLength: depth, sequences: 1, stepTokens: 1 })
  return cacheBytesPerLayer(model.hyperparameters, layout)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** The part of all experts that answers to a token. */
const usedShare = ({ experts }: ModelFacts): number =>
  experts === undefined ? 1 : experts.used / experts.count

const isLatentOnSeveral = ({ model, placement }: SpeedJob): boolean =>
  model.hyperparameters.latent !== undefined &&
  placement.shares.filter(({ device }) => device.speedClass.startsWith('nvidia')).length > 1

function deviceTerm(job: SpeedJob, share: DeviceShare, cache: readonly number[]): DecodeTerm {
  const { model, offer } = job
  const { device, firstLayer, layers } = share
  const profile = decodeProfile(device)
  const own = offer.parts.layers.slice(firstLayer, firstLayer + layers)
  const withExperts = own.filter(({ experts }) => experts > 0).length
  const bytes =
    share.denseBytes +
    share.expertBytes * usedShare(model) +
    sum(cache.slice(firstLayer, firstLayer + layers))
  const fixed =
    layers * (profile.layerSeconds + (model.hyperparameters.latent ? profile.latentLayerSeconds : 0)) +
    withExperts * profile.expertLayerSeconds
  const seconds = bytes / (profile.efficiency * device.bandwidth) + fixed
  return { where: device.id, bytes, seconds: isLatentOnSeveral(job) ? seconds / SPREAD_LATENT : seconds }
}

function hostTerms({ model, offer, machine, placement }: SpeedJob, cache: readonly number[]): DecodeTerm[] {
  const { host, diskBytes, mode, division } = placement
  const isCpuOnly = mode === 'cpu'
  const rates = cpuRates(machine, { offer, isCpuOnly })
  // A tied output matrix is read where it is looked up.
  const output = isCpuOnly && offer.isTied ? offer.parts.output : 0
  const dense = host.denseBytes + output + sum(cache.slice(0, division.firstLayer))
  const experts = host.expertBytes * usedShare(model)
  if (dense + experts === 0) return []
  const fixed =
    division.firstLayer * rates.layerSeconds + placement.expertLayersInRam * rates.expertLayerSeconds
  const seconds = dense / rates.dense + experts / rates.experts + fixed
  const cpu = { where: 'CPU', bytes: dense + experts, seconds }
  if (diskBytes === 0) return [cpu]
  // Which experts come next is chance, so what is missing in memory is as likely asked for as the rest.
  const missing = (dense + experts) * (diskBytes / (host.denseBytes + host.expertBytes))
  const disk = { where: 'disk', bytes: missing, seconds: missing / (machine.diskBandwidth ?? DISK_BANDWIDTH) }
  return [cpu, disk]
}

function confidenceIn({ placement, measuredRatio, machine, offer }: SpeedJob): Confidence {
  const { shares, host, diskBytes } = placement
  if (measuredRatio !== undefined) return 'measured'
  if (diskBytes > 0 || shares.some(({ device }) => isGuessed(device))) return 'guess'
  const isCpuOnly = placement.mode === 'cpu'
  if (isCpuOnly && cpuRates(machine, { offer, isCpuOnly }).isMeasured) return 'class'
  if (host.denseBytes + host.expertBytes > 0) return 'hybrid'
  return shares.every(({ device }) => device.decode?.efficiency !== undefined) ? 'fitted' : 'class'
}

/** How far off the estimate may be, as shares of it. */
export const TOLERANCE: Record<Confidence, { below: number; above: number }> = {
  measured: { below: 0.05, above: 0.05 },
  fitted: { below: 0.1, above: 0.1 },
  class: { below: 0.2, above: 0.2 },
  hybrid: { below: 0, above: 0.3 },
  guess: { below: 0.5, above: 0.5 },
}
