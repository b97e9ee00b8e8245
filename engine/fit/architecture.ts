import type { Hyperparameters, LayerMemory } from './hyperparameters.ts'
import type { RecipeModel } from './recipe.ts'
import { isRecurrentInInterval, stateSpaceValues } from './recurrence.ts'
import { slidesInPeriod } from './sliding-window.ts'

/**
 * A model's network without a file of it: enough to say what it would weigh in any type. Lengths count values, and
 * what is left out the network does not have.
 */
export interface Architecture {
  /** As `general.architecture` names it. */
  family: string
  layers: number
  embeddingLength: number
  vocabularySize: number
  heads: number
  kvHeads: number
  /** Of one head. */
  keyLength: number
  valueLength: number
  /** Width of the dense feed-forward network. */
  feedForwardLength: number
  /** The embedding is the output matrix too. */
  isTied?: boolean
  /** Queries, keys and values in one matrix. */
  hasFusedAttention?: boolean
  /** Gate and up in one matrix. */
  hasFusedFeedForward?: boolean
  hasAttentionBiases?: boolean
  hasAttentionOutputBias?: boolean
  hasAttentionSinks?: boolean
  hasQueryKeyNorms?: boolean
  /** Queries come with a gate of their size. */
  hasGatedQueries?: boolean
  hasPostAttentionNorm?: boolean
  hasPostFeedForwardNorm?: boolean
  /** The norm after attention is the one before the feed-forward network. */
  lacksFeedForwardNorm?: boolean
  /** Values of the table of rope frequencies. */
  ropeFrequencies?: number
  /** Values of each of the two tables, for short and long texts, of rope factors. */
  ropeFactors?: number
  experts?: ArchitectureExperts
  latent?: ArchitectureLatent
  recurrent?: ArchitectureRecurrent
  /** Of `period` layers all but the last see only so many tokens back. */
  window?: { length: number; period: number }
}

export interface ArchitectureExperts {
  count: number
  /** How many answer to a token. */
  used: number
  feedForwardLength: number
  /** Of all experts together that answer to every token. */
  sharedFeedForwardLength?: number
  hasSharedGate?: boolean
  /** The first layers, without experts. */
  denseLayers?: number
  /** Every so many layers have experts, and the first of them are dense. */
  step?: number
  hasBiases?: boolean
  /** A bias that serves only to select. */
  hasSelectionBias?: boolean
}

/** Multi-head latent attention: keys and values come out of one compressed row. */
export interface ArchitectureLatent {
  /** 0 when queries are not compressed. */
  queryRank: number
  rank: number
  /** Of a key, without and with positions. */
  plainLength: number
  ropeLength: number
  valueLength: number
  /** Keys and values are decompressed by one matrix, as in files before April 2025: they are cached in full. */
  isFused?: boolean
}

/** Gated delta nets in all but every `interval`-th layer. */
export interface ArchitectureRecurrent {
  interval: number
  convolution: number
  /** Of a head. */
  stateLength: number
  keyHeads: number
  valueHeads: number
}

/** Whether the layer is a mixture of experts. */
export function hasExperts({ experts }: Architecture, layer: number): boolean {
  if (experts === undefined) return false
  const { denseLayers = 0, step = 1 } = experts
  return layer >= denseLayers && (layer + 1) % step === 0
}

/** Whether the layer is recurrent instead of having attention. */
export const isRecurrent = ({ recurrent }: Architecture, layer: number): boolean =>
  recurrent !== undefined && isRecurrentInInterval(layer, recurrent.interval)

/** Widths of a gated delta net's keys and values over all heads. */
export const deltaNetWidths = ({ stateLength, keyHeads, valueHeads }: ArchitectureRecurrent) => ({
  keys: stateLength * keyHeads,
  values: stateLength * valueHeads,
})

/** What recipes ask of a model of this architecture. */
export const recipeModelFrom = ({ family, layers, heads, kvHeads, experts }: Architecture): RecipeModel => ({
  architecture: family,
  layers,
  heads,
  kvHeads,
  experts: experts?.count ?? 0,
})

/** What memory beside the weights depends on in a model of this architecture. */
export function hyperparametersFrom(architecture: Architecture): Hyperparameters {
  const { experts, latent, window, layers } = architecture
  const keyValues = architecture.kvHeads * architecture.keyLength
  const lengths = [architecture.keyLength, ...(isCompressed(architecture) ? [] : [architecture.valueLength])]
  return {
    headLengths: [...new Set(lengths)],
    memory: Array.from({ length: layers }, (_, layer) => layerMemory(architecture, layer)),
    windowLength: window?.length ?? 0,
    embeddingLength: architecture.embeddingLength,
    vocabularySize: architecture.vocabularySize,
    heads: architecture.heads,
    keyValues,
    feedForwardLength: hasDenseLayer(architecture) ? architecture.feedForwardLength : 0,
    experts: experts && { used: experts.used, feedForwardLength: experts.feedForwardLength },
    latent: latent && {
      rank: latent.rank,
      keyLength: latent.plainLength + latent.ropeLength,
      ropeLength: latent.ropeLength,
    },
  }
}

const hasDenseLayer = (architecture: Architecture): boolean =>
  Array.from({ length: architecture.layers }, (_, layer) => hasExperts(architecture, layer)).includes(false)

/** Values come out of the keys' row: they have none of their own in the cache. */
const isCompressed = ({ latent }: Architecture): boolean => latent !== undefined && !latent.isFused

function layerMemory(architecture: Architecture, layer: number): LayerMemory {
  const { kvHeads, keyLength, valueLength, recurrent, window } = architecture
  if (recurrent !== undefined && isRecurrent(architecture, layer)) {
    const { convolution, stateLength: state, keyHeads: groups } = recurrent
    const inner = deltaNetWidths(recurrent).values
    const stateValues = stateSpaceValues({ convolution, inner, state, groups })
    return { keyValues: 0, valueValues: 0, isSliding: false, stateValues }
  }
  return {
    keyValues: kvHeads * keyLength,
    valueValues: isCompressed(architecture) ? 0 : kvHeads * valueLength,
    isSliding: window !== undefined && slidesInPeriod(layer, window.period),
    stateValues: 0,
  }
}
