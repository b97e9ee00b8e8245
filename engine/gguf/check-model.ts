/**
 * What llama.cpp takes for granted of a model's metadata. Where it is otherwise the library ends its process
 * (GGML_ASSERT), reads past an array or asks for absurd amounts of memory, so a load of such a file must not be
 * tried. What the library refuses with a message of its own is left to it: missing keys, unknown architectures,
 * missing tensors. Sources: llama.cpp src/llama-model.cpp (load_hparams) and src/llama-vocab.cpp (load).
 */
import { checkVocabulary } from './check-vocabulary.ts'
import { GgufError } from './error.ts'
import type { GgufHeader, GgufValue } from './types.ts'

/** LLAMA_MAX_LAYERS and LLAMA_MAX_EXPERTS in llama.cpp src/llama-hparams.h. */
const MAX_LAYERS = 512
const MAX_EXPERTS = 1024
/** Heads of a layer, and numbers of a token: far more than any model has. */
const MAX_WIDTH = 2 ** 24
const MAX_UINT32 = 2 ** 32 - 1
/** LLAMA_POOLING_TYPE_RANK in llama.cpp include/llama.h. */
const MAX_POOLING_TYPE = 4
/** LLAMA_ROPE_SCALING_TYPES in llama.cpp src/llama-model.cpp. */
const ROPE_SCALING = new Set(['none', 'linear', 'yarn', 'longrope'])

/** Whole numbers with the least and the most they may be. The architecture's name stands before each key. */
const NUMBERS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  context_length: [0, MAX_UINT32],
  embedding_length: [1, MAX_WIDTH],
  block_count: [1, MAX_LAYERS],
  nextn_predict_layers: [0, MAX_LAYERS],
  leading_dense_block_count: [0, MAX_LAYERS],
  expert_count: [0, MAX_EXPERTS],
  expert_group_count: [0, MAX_EXPERTS],
  expert_group_used_count: [0, MAX_EXPERTS],
  pooling_type: [0, MAX_POOLING_TYPE],
  'attention.key_length': [0, MAX_WIDTH],
  'attention.value_length': [0, MAX_WIDTH],
  'rope.dimension_count': [0, MAX_WIDTH],
}

/** The same for keys that hold one number or one for each layer. */
const PER_LAYER: Readonly<Record<string, readonly [min: number, max: number]>> = {
  feed_forward_length: [0, MAX_UINT32],
  'attention.head_count': [0, MAX_WIDTH],
  'attention.head_count_kv': [0, MAX_WIDTH],
  expert_used_count: [0, MAX_EXPERTS],
}

/** Numbers that are added to a square or a sum before it is divided by. */
const EPSILONS = ['attention.layer_norm_epsilon', 'attention.layer_norm_rms_epsilon']

/** What the architecture is called where a file does not say. */
export const UNKNOWN_ARCHITECTURE = 'unknown'

/** Throws GgufError for metadata that llama.cpp cannot be trusted with. */
export function checkModel({ metadata }: Pick<GgufHeader, 'metadata'>): void {
  const architecture = metadata.get('general.architecture') ?? UNKNOWN_ARCHITECTURE
  if (typeof architecture !== 'string') throw new GgufError('general.architecture is not a text')
  checkVocabulary(metadata, architecture)
  const model: Model = {
    key: (key) => `${architecture}.${key}`,
    value: (key) => metadata.get(`${architecture}.${key}`),
  }
  for (const [key, range] of Object.entries(NUMBERS)) checkNumber(model.value(key), range, model.key(key))
  const layers = model.value('block_count')
  for (const [key, range] of Object.entries(PER_LAYER)) checkPerLayer(model, key, range, layers)
  for (const key of EPSILONS) checkEpsilon(model.value(key), model.key(key))
  checkHeads(model)
  if (!(DENSE_WITH_EXPERT_KEYS.has(architecture) && numberOf(model, 'expert_count') <= 1)) checkExperts(model)
  checkRope(model)
  if (typeof layers === 'number' && numberOf(model, 'nextn_predict_layers') > layers) {
    throw new GgufError(`${model.key('nextn_predict_layers')} is more than the ${layers} of block_count`)
  }
}

/** Their dense models speak of one expert or of none that is used, which llama.cpp overlooks. */
const DENSE_WITH_EXPERT_KEYS = new Set(['hunyuan-dense', 'hunyuan_vl'])

interface Model {
  /** The whole key, for messages. */
  key(key: string): string
  value(key: string): GgufValue | undefined
}

function checkNumber(
  value: GgufValue | undefined,
  [min, max]: readonly [number, number],
  what: string,
): void {
  if (value === undefined) return
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw new GgufError(`${what} is not a number`)
  }
  if (typeof value === 'bigint' || !Number.isInteger(value) || value < min || value > max) {
    throw new GgufError(`${what} is ${value}, not a whole number from ${min} to ${max}`)
  }
}

function checkPerLayer(
  model: Model,
  key: string,
  range: readonly [number, number],
  layers: GgufValue | undefined,
): void {
  const value = model.value(key)
  const what = model.key(key)
  if (typeof value !== 'object') {
    checkNumber(value, range, what)
    return
  }
  if (value.length > MAX_LAYERS || (typeof layers === 'number' && value.length < layers)) {
    throw new GgufError(`${what} has ${value.length} values for ${layers} layers`)
  }
  for (const [layer, each] of value.toArray().entries()) checkNumber(each, range, `${what} of layer ${layer}`)
}

function checkEpsilon(value: GgufValue | undefined, what: string): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new GgufError(`${what} is not a number of 0 or more`)
  }
}

/** Query heads share KV heads evenly; ggml ends the process at the first product of others. */
function checkHeads(model: Model): void {
  const heads = valuesOf(model, 'attention.head_count')
  const kvHeads = valuesOf(model, 'attention.head_count_kv')
  const width = numberOf(model, 'embedding_length')
  for (let layer = 0; layer < Math.max(heads.length, kvHeads.length); layer++) {
    const count = heads[layer] ?? heads[0] ?? 0
    const kvCount = kvHeads[layer] ?? kvHeads[0] ?? 0
    if (count > 0 && kvCount > 0 && count % kvCount !== 0) {
      throw new GgufError(
        `${model.key('attention.head_count_kv')}: ${count} heads cannot share ${kvCount} evenly`,
      )
    }
    if (width > 0 && count > width) {
      throw new GgufError(`${model.key('attention.head_count')}: ${count} heads are more than ${width} wide`)
    }
  }
}

function checkExperts(model: Model): void {
  const count = numberOf(model, 'expert_count')
  const used = Math.max(0, ...valuesOf(model, 'expert_used_count'))
  const groups = numberOf(model, 'expert_group_count')
  const usedGroups = numberOf(model, 'expert_group_used_count')
  const refuse = (key: string, why: string) => {
    throw new GgufError(`${model.key(key)}: ${why}`)
  }
  if (used > count) refuse('expert_used_count', `${used} experts are used of ${count}`)
  if (count > 0 && used === 0) refuse('expert_used_count', `none of ${count} experts is used`)
  if (groups > 0 && groups >= count) refuse('expert_group_count', `${groups} groups of ${count} experts`)
  if (groups > 1 && count % groups !== 0) {
    refuse('expert_group_count', `${count} experts do not make ${groups} groups`)
  }
  if (groups > 1 && (usedGroups === 0 || usedGroups >= groups)) {
    refuse('expert_group_used_count', `${usedGroups} of ${groups} groups are used`)
  }
}

function checkRope(model: Model): void {
  const scaling = model.value('rope.scaling.type')
  if (scaling !== undefined && !(typeof scaling === 'string' && ROPE_SCALING.has(scaling))) {
    throw new GgufError(`${model.key('rope.scaling.type')} is not one of ${[...ROPE_SCALING].join(', ')}`)
  }
  if (numberOf(model, 'rope.dimension_count') % 2 !== 0) {
    throw new GgufError(`${model.key('rope.dimension_count')} is odd`)
  }
}

/** A number that has been checked; 0 when absent. */
const numberOf = (model: Model, key: string): number => Number(model.value(key) ?? 0)

/** The same of a key that may hold one for each layer. */
function valuesOf(model: Model, key: string): number[] {
  const value = model.value(key)
  if (typeof value === 'object') return value.toArray().map(Number)
  return value === undefined ? [] : [Number(value)]
}
