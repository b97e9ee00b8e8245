import type { ValueToWrite } from '../gguf/encode.ts'
import { FILE_TYPES } from '../gguf/file-type.ts'
import type { ModelConfig } from './config.ts'
import type { Rope } from './rope.ts'
import type { TensorPlan } from './tensors.ts'

export type Metadata = (readonly [key: string, value: ValueToWrite])[]

export const u32 = (value: number): ValueToWrite => ({ type: 'uint32', value })
export const f32 = (value: number): ValueToWrite => ({ type: 'float32', value })
export const flag = (value: boolean): ValueToWrite => ({ type: 'bool', value })
export const text = (value: string): ValueToWrite => ({ type: 'string', value })

/** GGML_QNT_VERSION: readers want it, though nothing here has blocks. */
const QUANTIZATION_VERSION = 2

/** What a GGUF file says of the model, tokenizer aside. Keys: gguf-py/gguf/constants.py of llama.cpp. */
export function modelMetadata(config: ModelConfig, plans: readonly TensorPlan[]): Metadata {
  const { name } = config.architecture
  const parameters = plans.reduce((sum, { from }) => sum + elements(from.shape), 0)
  return [
    ['general.architecture', text(name)],
    ['general.type', text('model')],
    ...(config.name === undefined ? [] : ([['general.name', text(config.name)]] as const)),
    ['general.size_label', text(sizeLabel(parameters))],
    ['general.file_type', u32(fileType(plans))],
    ['general.quantization_version', u32(QUANTIZATION_VERSION)],
    ...hyperparameters(config).map(([key, value]) => [`${name}.${key}`, value] as const),
  ]
}

const elements = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1)

function hyperparameters(config: ModelConfig): Metadata {
  const { architecture, window, attentionSoftcap, finalSoftcap } = config
  return [
    ['block_count', u32(config.layers)],
    ['context_length', u32(config.contextLength)],
    ['embedding_length', u32(config.width)],
    ['feed_forward_length', u32(config.feedForward)],
    ['attention.head_count', u32(config.heads)],
    ['attention.head_count_kv', u32(config.kvHeads)],
    ['attention.key_length', u32(config.headLength)],
    ['attention.value_length', u32(config.headLength)],
    ['attention.layer_norm_rms_epsilon', f32(config.epsilon)],
    ['vocab_size', u32(config.vocabulary)],
    ['rope.dimension_count', u32(config.headLength)],
    ...ropeMetadata(config.rope),
    ...(window === undefined ? [] : ([['attention.sliding_window', u32(window.tokens)]] as const)),
    ...(window === undefined || window.period === architecture.windowPeriod
      ? []
      : ([['attention.sliding_window_pattern', u32(window.period)]] as const)),
    ...(attentionSoftcap === undefined ? [] : ([['attn_logit_softcapping', f32(attentionSoftcap)]] as const)),
    ...(finalSoftcap === undefined ? [] : ([['final_logit_softcapping', f32(finalSoftcap)]] as const)),
  ]
}

/** The scaling of Llama 3 is no metadata but a tensor. */
function ropeMetadata({ base, windowBase, scaling }: Rope): Metadata {
  const bases: Metadata = [
    ['rope.freq_base', f32(base)],
    ...(windowBase === undefined ? [] : ([['rope.freq_base_swa', f32(windowBase)]] as const)),
  ]
  if (scaling === undefined || scaling.type === 'llama3') return bases
  const common: Metadata = [
    ...bases,
    ['rope.scaling.type', text(scaling.type)],
    ['rope.scaling.factor', f32(scaling.factor)],
  ]
  if (scaling.type === 'linear') return common
  const { betaFast, betaSlow } = scaling
  return [
    ...common,
    ['rope.scaling.original_context_length', u32(scaling.originalContext)],
    ...(betaFast === undefined ? [] : ([['rope.scaling.yarn_beta_fast', f32(betaFast)]] as const)),
    ...(betaSlow === undefined ? [] : ([['rope.scaling.yarn_beta_slow', f32(betaSlow)]] as const)),
  ]
}

/** The type that most weights have. */
function fileType(plans: readonly TensorPlan[]): number {
  const count = (type: string) =>
    plans.reduce(
      (sum, { from }) => sum + (from.dtype === type && from.shape.length > 1 ? elements(from.shape) : 0),
      0,
    )
  const types = ['F32', 'F16', 'BF16'] as const
  const most = types.reduce((best, type) => (count(type) > count(best) ? type : best))
  return FILE_TYPES[most].id
}

/** The number of weights with at least two digits, such as `1.2B` or `494M` (gguf-py/gguf/utility.py). */
function sizeLabel(parameters: number): string {
  const [unit, suffix] = parameters >= 1e9 ? [1e9, 'B'] : parameters >= 1e6 ? [1e6, 'M'] : [1e3, 'K']
  const scaled = parameters / unit
  return `${scaled.toFixed(scaled < 9.5 ? 1 : 0)}${suffix}`
}
