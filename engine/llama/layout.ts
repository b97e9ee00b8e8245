/**
 * The C structs of llama.h that are passed by value, field by field. A wrong field would be read as another
 * one's bytes, so a library is used only when its version is listed here and its own defaults agree
 * (see abi.ts). Source: include/llama.h of llama.cpp v0.4.0 and v0.5.0, which declare them alike.
 */
import koffi from 'koffi'

/** Versions of libllama whose structs are the ones below (`llama_version()` up to the first hyphen). */
export const KNOWN_VERSIONS: readonly string[] = ['0.4.0', '0.5.0']

/** A native address. */
export type Pointer = bigint | null

export const modelParams = koffi.struct('llama_model_params', {
  devices: 'void *',
  tensor_buft_overrides: 'void *',
  n_gpu_layers: 'int32',
  split_mode: 'int',
  load_mode: 'int',
  lazy_mode: 'int',
  main_gpu: 'int32',
  tensor_split: 'void *',
  progress_callback: 'void *',
  progress_callback_user_data: 'void *',
  kv_overrides: 'void *',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
})

/** The fields Snug sets or checks; the rest keep the library's defaults. */
export interface ModelParams {
  n_gpu_layers: number
  tensor_buft_overrides: unknown
  split_mode: number
  load_mode: number
  main_gpu: number
  tensor_split: unknown
  progress_callback: Pointer
  vocab_only: boolean
  check_tensors: boolean
  use_extra_bufts: boolean
}

/** An entry of `tensor_buft_overrides`. */
export const tensorOverride = koffi.struct('llama_model_tensor_buft_override', {
  pattern: 'void *',
  buft: 'void *',
})

export const contextParams = koffi.struct('llama_context_params', {
  n_ctx: 'uint32',
  n_batch: 'uint32',
  n_ubatch: 'uint32',
  n_seq_max: 'uint32',
  n_rs_seq: 'uint32',
  n_outputs_max: 'uint32',
  n_outputs_max_per_seq: 'uint32',
  n_threads: 'int32',
  n_threads_batch: 'int32',
  ctx_type: 'int',
  rope_scaling_type: 'int',
  pooling_type: 'int',
  attention_type: 'int',
  flash_attn_type: 'int',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32',
  defrag_thold: 'float',
  cb_eval: 'void *',
  cb_eval_user_data: 'void *',
  type_k: 'int',
  type_v: 'int',
  abort_callback: 'void *',
  abort_callback_data: 'void *',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'void *',
  n_samplers: 'size_t',
  ctx_other: 'void *',
})

export interface ContextParams {
  n_ctx: number
  n_batch: number
  n_ubatch: number
  n_seq_max: number
  n_threads: number
  n_threads_batch: number
  pooling_type: number
  rope_scaling_type: number
  rope_freq_base: number
  rope_freq_scale: number
  yarn_ext_factor: number
  yarn_attn_factor: number
  yarn_beta_fast: number
  yarn_beta_slow: number
  yarn_orig_ctx: number
  flash_attn_type: number
  type_k: number
  type_v: number
  abort_callback: unknown
  abort_callback_data: unknown
  embeddings: boolean
  offload_kqv: boolean
  no_perf: boolean
  swa_full: boolean
  kv_unified: boolean
}

export const quantizeParams = koffi.struct('llama_model_quantize_params', {
  nthread: 'int32',
  ftype: 'int',
  output_tensor_type: 'int',
  token_embedding_type: 'int',
  allow_requantize: 'bool',
  quantize_output_tensor: 'bool',
  only_copy: 'bool',
  pure: 'bool',
  keep_split: 'bool',
  dry_run: 'bool',
  imatrix: 'void *',
  kv_overrides: 'void *',
  tt_overrides: 'void *',
  prune_layers: 'void *',
  max_buf_size: 'size_t',
})

export interface QuantizeParams {
  nthread: number
  ftype: number
  allow_requantize: boolean
  max_buf_size: number
}

export const batchStruct = koffi.struct('llama_batch', {
  n_tokens: 'int32',
  token: 'void *',
  embd: 'void *',
  pos: 'void *',
  n_seq_id: 'void *',
  seq_id: 'void *',
  logits: 'void *',
})

export interface Batch {
  n_tokens: number
  token: Pointer
  embd: Pointer
  pos: Pointer
  n_seq_id: Pointer
  seq_id: Pointer
  logits: Pointer
}

/** What ggml tells of a device (ggml/include/ggml-backend.h of the same versions). */
export const deviceProps = koffi.struct('ggml_backend_dev_props', {
  name: 'const char *',
  description: 'const char *',
  memory_free: 'size_t',
  memory_total: 'size_t',
  type: 'int',
  device_id: 'const char *',
  async: 'bool',
  host_buffer: 'bool',
  buffer_from_host_ptr: 'bool',
  events: 'bool',
})

export interface DeviceProps {
  name: string | null
  description: string | null
  memory_free: number | bigint
  memory_total: number | bigint
  /** A place in DEVICE_TYPES. */
  type: number
  /** Of devices on a PCI bus their address, such as `0000:01:00.0`. */
  device_id: string | null
}

/** enum ggml_backend_dev_type. */
export const DEVICE_TYPES = ['cpu', 'gpu', 'integrated-gpu', 'accelerator'] as const

export const samplerChainParams = koffi.struct('llama_sampler_chain_params', { no_perf: 'bool' })

/** enum llama_load_mode: how weights come into memory. `auto` maps the file except on integrated GPUs. */
export const LOAD_MODE = { auto: -1, none: 0, mmap: 1, mlock: 2, mmapMlock: 3, directIo: 4 } as const

/** enum ggml_numa_strategy (ggml/include/ggml-cpu.h). */
export const NUMA = { distribute: 1, isolate: 2, numactl: 3 } as const

/** enum llama_rope_scaling_type. */
export const ROPE_SCALING = { none: 0, linear: 1, yarn: 2, longrope: 3 } as const

/** enum ggml_type of the cache. */
export const KV_CACHE_TYPE = { f16: 1, q8_0: 8, q4_0: 2 } as const

/** enum llama_flash_attn_type. */
export const FLASH_ATTENTION = { auto: -1, off: 0, on: 1 } as const

/** enum ggml_log_level, as far as somebody listens; continuation lines carry 5. */
export const LOG_LEVEL = { warning: 3, error: 4 } as const

/** What `llama_decode` returns. */
export const DECODE = { ok: 0, noSlot: 1, aborted: 2 } as const
