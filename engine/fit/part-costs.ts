import { type ComputeBytes, computeBytes, layoutOf } from './budget.ts'
import { cacheBytesPerLayer } from './cache.ts'
import { outputBytes } from './compute.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { LoadSettings } from './types.ts'

/** What running a model takes beside its weights: the same for every quantization and every placement. */
export interface PartCosts {
  /** Bytes of each layer's cache. */
  cache: readonly number[]
  /** Bytes of compute buffers; pipelines keep further copies of their inputs. */
  computeBytes(isPipelined: boolean): ComputeBytes
  /** Bytes of logits that wait for sampling. */
  outputBytes: number
}

export function partCosts(model: Hyperparameters, settings: LoadSettings): PartCosts {
  const plain = computeBytes(model, settings)
  const pipelined = computeBytes(model, settings, { isPipelined: true })
  return {
    cache: cacheBytesPerLayer(model, layoutOf(settings)),
    computeBytes: (isPipelined) => (isPipelined ? pipelined : plain),
    outputBytes: outputBytes(model, settings.sequences),
  }
}
