import { type CacheLayout, cacheCells, tokensOfStep } from './cache.ts'
import type { Hyperparameters } from './hyperparameters.ts'

/**
 * Memory for the numbers of one compute step. The formulas are fitted to what llama.cpp itself reserves for 51
 * models at up to four contexts: the largest of a few sets of activations that live at the same time. With flash
 * attention they are 1.4 % off on average and short by 17 % at worst, hence the reserve.
 */
export const COMPUTE_RESERVE = 1.2

export interface ComputeSettings {
  layout: CacheLayout
  hasFlashAttention: boolean
  /** Layers are spread over several GPUs, which then keep further copies of the inputs. */
  isPipelined?: boolean
}

const FLOAT_BYTES = 4
const HALF_BYTES = 2
const INDEX_BYTES = 8
/** Copies that a pipeline keeps beside the first (GGML_SCHED_MAX_COPIES in ggml/CMakeLists.txt). */
const PIPELINE_COPIES = 3

/** Bytes of the compute buffer on a device; `hasOutput` where the layer is that gives the logits. */
export function deviceComputeBytes(
  model: Hyperparameters,
  settings: ComputeSettings,
  { hasOutput = true }: { hasOutput?: boolean } = {},
): number {
  const { layout, hasFlashAttention, isPipelined = false } = settings
  const step = tokensOfStep(layout)
  const cells = cacheCells(model.windowLength, layout)
  const masks = maskedCells(model, layout)
  const feedForward = feedForwardValues(model)
  const attention = attentionValues(model)
  const layers = hasFlashAttention
    ? FLOAT_BYTES * step * Math.max(feedForward, attention) + HALF_BYTES * step * masks
    : FLOAT_BYTES * step * Math.max(feedForward, cells.full * model.heads + masks + attention)
  const logits = hasOutput ? FLOAT_BYTES * step * (model.vocabularySize + model.embeddingLength) : 0
  const copies = isPipelined ? PIPELINE_COPIES * HALF_BYTES * step * masks : 0
  return Math.max(logits, layers) + copies
}

/**
 * Bytes of the compute buffer where the CPU does everything: the embeddings of a step lie in it beside what a device
 * would have, and its inputs need no buffer of their own. Found by loading models of all kinds (bench/fit-grid.ts).
 */
export const cpuComputeBytes = (
  model: Hyperparameters,
  settings: Pick<ComputeSettings, 'layout' | 'hasFlashAttention'>,
): number =>
  deviceComputeBytes(model, settings) + FLOAT_BYTES * tokensOfStep(settings.layout) * model.embeddingLength

/**
 * Bytes in host memory for the inputs of a step, beside a device that computes it: embeddings and masks, and without
 * flash attention the place of every value, because values are then cached as columns.
 */
export function hostComputeBytes(
  model: Hyperparameters,
  { layout, hasFlashAttention }: Pick<ComputeSettings, 'layout' | 'hasFlashAttention'>,
): number {
  const step = tokensOfStep(layout)
  const masks = maskedCells(model, layout)
  const embeddings = 2 * FLOAT_BYTES * step * model.embeddingLength
  if (hasFlashAttention) return embeddings + HALF_BYTES * step * masks
  const values = Math.max(0, ...model.memory.map(({ valueValues }) => valueValues))
  const caches = model.windowLength > 0 ? 2 : 1
  return embeddings + FLOAT_BYTES * step * masks + INDEX_BYTES * step * values * caches
}

/** Bytes for the logits that wait for sampling: a row for each sequence. */
export const outputBytes = ({ vocabularySize }: Hyperparameters, sequences: number): number =>
  sequences * vocabularySize * FLOAT_BYTES

/** Cells that masks speak of: one mask for full layers, one for sliding ones. */
function maskedCells({ memory, windowLength }: Hyperparameters, layout: CacheLayout): number {
  const cells = cacheCells(windowLength, layout)
  return cells.full + (memory.some(({ isSliding }) => isSliding) ? cells.sliding : 0)
}

/** Values for each token that live at the same time in a feed-forward network. */
function feedForwardValues(model: Hyperparameters): number {
  const { embeddingLength, experts, feedForwardLength } = model
  const dense = feedForwardLength === 0 ? 0 : 3 * feedForwardLength + 3 * embeddingLength
  if (experts === undefined) return dense
  const { used } = experts
  return Math.max(
    3 * used * experts.feedForwardLength + 3 * embeddingLength,
    2 * used * embeddingLength + 3 * embeddingLength,
    dense,
  )
}

/** The same for attention, without the scores. */
function attentionValues({ embeddingLength, heads, keyValues, latent }: Hyperparameters): number {
  if (latent === undefined) return 4 * embeddingLength + 2 * keyValues
  // A head's key is its part without positions and the rotated part, which is there three times.
  return heads * (2 * latent.rank + latent.keyLength + 2 * latent.ropeLength) + 3 * embeddingLength
}
