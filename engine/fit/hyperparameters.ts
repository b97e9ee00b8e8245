import { count, ggufFacts, perLayer } from '../gguf/facts.ts'
import type { GgufHeader, GgufValue } from '../gguf/types.ts'
import type { RecipeModel } from './recipe.ts'
import { layersWithRecurrence, recurrentValues } from './recurrence.ts'
import { layersOwningCache, slidingLayers, windowLength } from './sliding-window.ts'

/** What a layer keeps of the tokens it has seen. */
export interface LayerMemory {
  /** Values that a key, and a value, of one token take over all KV heads; 0 for layers without attention. */
  keyValues: number
  valueValues: number
  /** Sees only so many tokens back. */
  isSliding: boolean
  /** Single-precision values that stand for all tokens of a sequence. */
  stateValues: number
}

/** What memory for running a model depends on beside its weights. Lengths count values. */
export interface Hyperparameters {
  /** Lengths of keys and of values of one head that a cache has; none without attention. */
  headLengths: readonly number[]
  /** Layers that run, in order: without those that predict further tokens. */
  memory: readonly LayerMemory[]
  /** Tokens that a sliding layer sees; 0 without sliding layers. */
  windowLength: number
  embeddingLength: number
  vocabularySize: number
  /** The most query heads a layer has. */
  heads: number
  /** The most values that the keys of a token take in a layer. */
  keyValues: number
  /** Width of the dense feed-forward network; 0 where every layer is a mixture of experts. */
  feedForwardLength: number
  experts: { used: number; feedForwardLength: number } | undefined
  /** Keys and values compressed into one row (multi-head latent attention). */
  latent: { rank: number; keyLength: number; ropeLength: number } | undefined
}

type Header = Pick<GgufHeader, 'metadata' | 'tensors'>
export type OwnValue = (key: string) => GgufValue | undefined

/** What recipes ask of the model in a file. */
export function recipeModelOf(header: Header): RecipeModel {
  const { architecture, layers = 0, kvHeads } = ggufFacts(header)
  const own = ownValues(header, architecture)
  return {
    architecture,
    layers,
    heads: perLayer(own('attention.head_count'), layers)[0] ?? 0,
    kvHeads: kvHeads[0] ?? 0,
    experts: count(own('expert_count')) ?? 0,
  }
}

/**
 * The hyperparameters in a file's header, as llama.cpp reads them (src/llama-model.cpp, src/models). Undefined when
 * the header does not say enough. Further caches that some families keep for an index over their tokens
 * (DeepSeek-V3.2, MiniMax-M3) are not counted. Throws GgufError like `ggufFacts`.
 */
export function hyperparametersOf(header: Header): Hyperparameters | undefined {
  const facts = ggufFacts(header)
  const { architecture, layers, embeddingLength, keyLength, valueLength } = facts
  if (!layers || !embeddingLength) return undefined
  const own = ownValues(header, architecture)
  const running = layers - Math.min(layers, count(own('nextn_predict_layers')) ?? 0)
  const isLatent = count(own('attention.key_length_mla')) !== undefined
  const sliding = slidingLayers(architecture, own, running)
  const owning = layersOwningCache(architecture, own, running)
  const widths = perLayer(own('feed_forward_length'), layers)
  const kinds = layersWithRecurrence(architecture, own, {
    kvHeads: Array.from({ length: running }, (_, layer) => facts.kvHeads[layer] ?? 0),
    feedForwardLengths: widths,
  })
  const stateValues = recurrentValues(own, embeddingLength)
  const lengths = (isSliding: boolean) => ({
    key: (isSliding ? count(own('attention.key_length_swa')) : undefined) ?? keyLength ?? 0,
    value: (isSliding ? count(own('attention.value_length_swa')) : undefined) ?? valueLength ?? 0,
  })
  const memory = Array.from({ length: running }, (_, layer): LayerMemory => {
    const isSliding = sliding[layer] === true
    const { isRecurrent = false, hasAttention = true } = kinds[layer] ?? {}
    const heads = hasAttention && layer < owning ? (facts.kvHeads[layer] ?? 0) : 0
    const { key, value } = lengths(isSliding)
    return {
      keyValues: heads * key,
      valueValues: isLatent ? 0 : heads * value,
      isSliding,
      stateValues: isRecurrent ? stateValues : 0,
    }
  })
  return {
    headLengths: headLengthsOf(memory, lengths),
    memory,
    windowLength: sliding.includes(true) ? windowLength(architecture, own) : 0,
    embeddingLength,
    vocabularySize: rowsOf(header, 'token_embd.weight') ?? facts.vocabularySize ?? 0,
    heads: Math.max(0, ...perLayer(own('attention.head_count'), layers)),
    keyValues: Math.max(0, ...memory.map(({ keyValues }) => keyValues)),
    feedForwardLength: hasDenseLayer(header, own) ? Math.max(0, ...widths) : 0,
    experts: expertsOf(own, layers, Math.max(0, ...widths)),
    latent: latentOf(own),
  }
}

function headLengthsOf(
  memory: readonly LayerMemory[],
  lengths: (isSliding: boolean) => { key: number; value: number },
): number[] {
  const cached = memory.flatMap(({ isSliding, keyValues, valueValues }) => {
    const { key, value } = lengths(isSliding)
    return [...(keyValues > 0 ? [key] : []), ...(valueValues > 0 ? [value] : [])]
  })
  return [...new Set(cached)]
}

function ownValues({ metadata }: Header, architecture: string): OwnValue {
  return (key) => metadata.get(`${architecture}.${key}`)
}

const rowsOf = ({ tensors }: Header, name: string): number | undefined =>
  tensors.find((tensor) => tensor.name === name)?.shape[1]

const hasDenseLayer = ({ tensors }: Header, own: OwnValue): boolean =>
  !count(own('expert_count')) || tensors.some(({ name }) => /^blk\.\d+\.ffn_up\.weight$/.test(name))

function expertsOf(own: OwnValue, layers: number, feedForwardLength: number): Hyperparameters['experts'] {
  const used = Math.max(0, ...perLayer(own('expert_used_count'), layers))
  if (used === 0) return undefined
  return { used, feedForwardLength: count(own('expert_feed_forward_length')) ?? feedForwardLength }
}

function latentOf(own: OwnValue): Hyperparameters['latent'] {
  const rank = count(own('attention.kv_lora_rank'))
  const ropeLength = count(own('rope.dimension_count'))
  const keyLength = count(own('attention.key_length_mla')) ?? count(own('attention.key_length'))
  if (!rank || ropeLength === undefined || keyLength === undefined) return undefined
  return { rank, keyLength, ropeLength }
}
