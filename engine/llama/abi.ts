/**
 * The guard at the door of native code. The structs of layout.ts are passed by value; a library built from
 * another header would read them shifted. So its version must be known, and its own defaults, read through
 * our layout, must come out as llama.cpp's sources give them.
 */
import { EngineError } from '../errors.ts'
import { type ContextParams, KNOWN_VERSIONS, type ModelParams, type QuantizeParams } from './layout.ts'

// src/llama-model.cpp llama_model_default_params, src/llama-context.cpp llama_context_default_params,
// src/llama-quant.cpp llama_model_quantize_default_params.
const MODEL_DEFAULTS: Record<string, unknown> = {
  devices: null,
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  main_gpu: 0,
  tensor_split: null,
  progress_callback: null,
  vocab_only: false,
  check_tensors: false,
  use_extra_bufts: true,
  no_alloc: false,
}
const CONTEXT_DEFAULTS: Record<string, unknown> = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  rope_scaling_type: -1,
  pooling_type: -1,
  flash_attn_type: -1,
  yarn_ext_factor: -1,
  yarn_orig_ctx: 0,
  cb_eval: null,
  type_k: 1,
  type_v: 1,
  abort_callback: null,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  swa_full: true,
  kv_unified: false,
  n_samplers: 0,
}
const QUANTIZE_DEFAULTS: Record<string, unknown> = {
  nthread: 0,
  ftype: 7,
  allow_requantize: false,
  quantize_output_tensor: true,
  only_copy: false,
  pure: false,
  keep_split: false,
  dry_run: false,
  imatrix: null,
  kv_overrides: null,
  tt_overrides: null,
  prune_layers: null,
  max_buf_size: 8 * 1024 ** 3,
}

/** What a library says of itself. */
export interface SelfDescription {
  version: () => string
  defaultModelParams: () => ModelParams
  defaultContextParams: () => ContextParams
  defaultQuantizeParams: () => QuantizeParams
}

/** Throws EngineError `load_failed` naming the first thing that differs from what this build knows. */
export function checkAbi(library: SelfDescription): void {
  const version = library.version().split('-')[0] ?? ''
  if (!KNOWN_VERSIONS.includes(version)) {
    throw new EngineError(
      'load_failed',
      `libllama ${library.version()} is not one this build knows (${KNOWN_VERSIONS.join(', ')})`,
    )
  }
  compare('llama_model_params', MODEL_DEFAULTS, { ...library.defaultModelParams() })
  compare('llama_context_params', CONTEXT_DEFAULTS, { ...library.defaultContextParams() })
  compare('llama_model_quantize_params', QUANTIZE_DEFAULTS, { ...library.defaultQuantizeParams() })
}

function compare(struct: string, expected: Record<string, unknown>, actual: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(expected)) {
    if (actual[field] === value) continue
    throw new EngineError(
      'load_failed',
      `libllama's ${struct}.${field} is ${String(actual[field])} by default, expected ${String(value)}: ` +
        'its memory layout is not the one this build knows',
    )
  }
}
