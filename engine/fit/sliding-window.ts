import { count } from '../gguf/facts.ts'
import type { OwnValue } from './hyperparameters.ts'

/**
 * Families with sliding layers whose files may leave the pattern out: in each group of so many layers all but one
 * slide (llama.cpp src/models). Other families slide only where the file has the pattern.
 */
const PERIODS: Readonly<Record<string, number>> = {
  gemma2: 2,
  'gpt-oss': 2,
  cohere2: 4,
  exaone4: 4,
  llama4: 4,
  olmo2: 4,
  afmoe: 4,
  gemma3n: 5,
  gemma3: 6,
  plamo3: 8,
}

/** What llama.cpp assumes for files without `attention.sliding_window`. */
const WINDOWS: Readonly<Record<string, number>> = { gemma2: 4096, llama4: 8192 }

/** Layers that own a cache in Gemma 3n, whose files do not say so (llama.cpp src/models/gemma3n.cpp). */
const GEMMA_3N_OWN_LAYERS = 20

/** Tokens that a sliding layer sees; 0 when no layer slides. */
export const windowLength = (architecture: string, own: OwnValue): number =>
  count(own('attention.sliding_window')) ?? WINDOWS[architecture] ?? 0

/** Whether the layer of a model slides whose every `period`-th layer sees everything; 0 makes all of them slide. */
export const slidesInPeriod = (layer: number, period: number): boolean =>
  period === 0 || layer % period < period - 1

/** Which layers slide: by the pattern in the file, which is a period or a list, or by that of the family. */
export function slidingLayers(architecture: string, own: OwnValue, layers: number): boolean[] {
  if (windowLength(architecture, own) === 0) return Array.from({ length: layers }, () => false)
  const pattern = own('attention.sliding_window_pattern')
  if (typeof pattern === 'object') {
    return Array.from({ length: layers }, (_, layer) => Boolean(pattern.at(layer)))
  }
  const period = count(pattern) ?? PERIODS[architecture] ?? 1
  return Array.from({ length: layers }, (_, layer) => slidesInPeriod(layer, period))
}

/**
 * How many layers own a cache: in some families the last ones use that of a layer before them, and models that see
 * a text all at once have none.
 */
export function layersOwningCache(architecture: string, own: OwnValue, layers: number): number {
  if (own('attention.causal') === false) return 0
  if (architecture === 'gemma3n') return Math.min(layers, GEMMA_3N_OWN_LAYERS)
  return layers - Math.min(layers, count(own('attention.shared_kv_layers')) ?? 0)
}
