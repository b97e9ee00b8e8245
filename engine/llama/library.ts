/**
 * Loads libllama and types its functions. Nothing here decides anything; what the calls mean is in
 * include/llama.h of llama.cpp.
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import koffi, { type LibraryHandle } from 'koffi'
import { EngineError } from '../errors.ts'
import './layout.ts'
import type { Batch, ContextParams, DeviceProps, ModelParams, Pointer, QuantizeParams } from './layout.ts'

const LIBRARY = String.raw`\.(?:so|dylib|dll)$`
const GGML_BASE = new RegExp(String.raw`^(?:lib)?ggml-base(?:\..*)?${LIBRARY}`)
const GGML = new RegExp(String.raw`^(?:lib)?ggml(?:\..*)?${LIBRARY}`)
const LLAMA = new RegExp(String.raw`^(?:lib)?llama(?:\..*)?${LIBRARY}`)

const C_LIBRARY: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libc.so.6',
  darwin: '/usr/lib/libSystem.B.dylib',
  win32: 'msvcrt.dll',
}

function open(folder: string, files: readonly string[], pattern: RegExp): LibraryHandle {
  const file = files.find((name) => pattern.test(name))
  if (file === undefined) {
    throw new EngineError('load_failed', `${folder} has no file matching ${pattern.source}`)
  }
  return koffi.load(path.join(folder, file), { global: true })
}

/** A native function that can also run on another thread. */
export type Native<Arguments extends unknown[], Result> = ((...args: Arguments) => Result) & {
  async: (...args: [...Arguments, (error: Error | null, result: Result) => void]) => void
}

/** A native function on another thread, as a promise. */
export function inBackground<A extends unknown[], R>(native: Native<A, R>): (...args: A) => Promise<R> {
  return (...args) =>
    new Promise((resolve, reject) => {
      native.async(...args, (error, result) => (error === null ? resolve(result) : reject(error)))
    })
}

/**
 * Loads the libraries of `folder` (ggml-base, ggml, llama, in this order) and binds what Snug calls.
 * Compute backends are not loaded yet: see `loadBackends`.
 */
export function openLibrary(folder: string) {
  const files = readdirSync(folder)
  const base = open(folder, files, GGML_BASE)
  const ggml = open(folder, files, GGML)
  const llama = open(folder, files, LLAMA)
  const libc = koffi.load(C_LIBRARY[process.platform] ?? null)
  const logCallback = koffi.pointer(koffi.proto('void LlamaLog(int, const char *, void *)'))
  const progressCallback = koffi.pointer(koffi.proto('bool LlamaProgress(float, void *)'))
  const threadpoolCreator = koffi.proto('void *GgmlThreadpoolNew(void *)')
  const bind = <A extends unknown[], R>(library: LibraryHandle, definition: string) =>
    library.func(definition) as unknown as Native<A, R>
  const f = <A extends unknown[], R>(definition: string) => bind<A, R>(llama, definition)

  return {
    folder,
    /** Address of a C function `bool (void *)` that is true when the first byte at its argument is not 0. */
    abortCallback: libc.symbol('strlen') as unknown,
    register: {
      log: (callback: (level: number, text: string) => void) => koffi.register(callback, logCallback),
      progress: (callback: (fraction: number) => boolean) => koffi.register(callback, progressCallback),
    },
    unregister: (callback: bigint) => koffi.unregister(callback),

    loadBackends: bind<[string], void>(ggml, 'void ggml_backend_load_all_from_path(const char *)'),
    deviceCount: bind<[], number>(ggml, 'size_t ggml_backend_dev_count()'),
    device: bind<[number], Pointer>(ggml, 'void *ggml_backend_dev_get(size_t)'),
    deviceName: bind<[Pointer], string>(base, 'const char *ggml_backend_dev_name(void *)'),
    deviceByName: bind<[string], Pointer>(ggml, 'void *ggml_backend_dev_by_name(const char *)'),
    deviceBufferType: bind<[Pointer], Pointer>(base, 'void *ggml_backend_dev_buffer_type(void *)'),
    deviceMemory: bind<[Pointer, BigUint64Array, BigUint64Array], void>(
      base,
      'void ggml_backend_dev_memory(void *, void *, void *)',
    ),
    cpuBufferType: bind<[], Pointer>(base, 'void *ggml_backend_cpu_buffer_type()'),
    deviceDescription: bind<[Pointer], string>(base, 'const char *ggml_backend_dev_description(void *)'),
    deviceProps: bind<[Pointer, Partial<DeviceProps>], void>(
      base,
      'void ggml_backend_dev_get_props(void *, _Out_ ggml_backend_dev_props *)',
    ),
    deviceRegistry: bind<[Pointer], Pointer>(base, 'void *ggml_backend_dev_backend_reg(void *)'),
    procedure: bind<[Pointer, string], Pointer>(
      base,
      'void *ggml_backend_reg_get_proc_address(void *, const char *)',
    ),
    threadpoolCreator,
    initThreadpoolParams: bind<[Pointer, number], void>(
      base,
      'void ggml_threadpool_params_init(void *, int)',
    ),
    attachThreadpool: f<[Pointer, Pointer, Pointer], void>(
      'void llama_attach_threadpool(void *, void *, void *)',
    ),

    version: f<[], string>('const char *llama_version()'),
    setLog: f<[bigint, Pointer], void>('void llama_log_set(void *, void *)'),
    initBackend: f<[], void>('void llama_backend_init()'),
    initNuma: f<[number], void>('void llama_numa_init(int)'),
    maxDevices: f<[], number>('size_t llama_max_devices()'),
    defaultModelParams: f<[], ModelParams>('llama_model_params llama_model_default_params()'),
    defaultContextParams: f<[], ContextParams>('llama_context_params llama_context_default_params()'),
    defaultQuantizeParams: f<[], QuantizeParams>(
      'llama_model_quantize_params llama_model_quantize_default_params()',
    ),

    quantize: f<[string, string, QuantizeParams], number>(
      'uint32 llama_model_quantize(const char *, const char *, llama_model_quantize_params *)',
    ),
    loadModel: f<[string, ModelParams], Pointer>(
      'void *llama_model_load_from_file(const char *, llama_model_params)',
    ),
    slidingWindow: f<[Pointer], number>('int32 llama_model_n_swa(void *)'),
    hasEncoder: f<[Pointer], boolean>('bool llama_model_has_encoder(void *)'),
    /** Numbers in a pooled embedding. */
    embeddingLength: f<[Pointer], number>('int32 llama_model_n_embd_out(void *)'),
    /** Scores that a reranker's head gives. */
    classCount: f<[Pointer], number>('uint32 llama_model_n_cls_out(void *)'),
    metadataText: f<[Pointer, string, Buffer, number], number>(
      'int32 llama_model_meta_val_str(void *, const char *, void *, size_t)',
    ),
    vocabulary: f<[Pointer], Pointer>('void *llama_model_get_vocab(void *)'),
    createContext: f<[Pointer, ContextParams], Pointer>(
      'void *llama_init_from_model(void *, llama_context_params)',
    ),
    setThreads: f<[Pointer, number, number], void>('void llama_set_n_threads(void *, int32, int32)'),
    loadAdapter: f<[Pointer, string], Pointer>('void *llama_adapter_lora_init(void *, const char *)'),
    setAdapters: f<[Pointer, BigUint64Array, number, Float32Array], number>(
      'int32 llama_set_adapters_lora(void *, void *, size_t, void *)',
    ),

    tokenCount: f<[Pointer], number>('int32 llama_vocab_n_tokens(void *)'),
    addsBos: f<[Pointer], boolean>('bool llama_vocab_get_add_bos(void *)'),
    addsEos: f<[Pointer], boolean>('bool llama_vocab_get_add_eos(void *)'),
    addsSeparator: f<[Pointer], boolean>('bool llama_vocab_get_add_sep(void *)'),
    bosToken: f<[Pointer], number>('int32 llama_vocab_bos(void *)'),
    eosToken: f<[Pointer], number>('int32 llama_vocab_eos(void *)'),
    separatorToken: f<[Pointer], number>('int32 llama_vocab_sep(void *)'),
    isControl: f<[Pointer, number], boolean>('bool llama_vocab_is_control(void *, int32)'),
    isEndOfGeneration: f<[Pointer, number], boolean>('bool llama_vocab_is_eog(void *, int32)'),
    tokenize: f<[Pointer, Buffer, number, Int32Array, number, boolean, boolean], number>(
      'int32 llama_tokenize(void *, const void *, int32, void *, int32, bool, bool)',
    ),
    detokenize: f<[Pointer, Int32Array, number, Buffer, number, boolean, boolean], number>(
      'int32 llama_detokenize(void *, void *, int32, void *, int32, bool, bool)',
    ),
    tokenToPiece: f<[Pointer, number, Buffer, number, number, boolean], number>(
      'int32 llama_token_to_piece(void *, int32, void *, int32, int32, bool)',
    ),

    createBatch: f<[number, number, number], Batch>('llama_batch llama_batch_init(int32, int32, int32)'),
    decode: f<[Pointer, Batch], number>('int32 llama_decode(void *, llama_batch)'),
    logits: f<[Pointer, number], Pointer>('void *llama_get_logits_ith(void *, int32)'),
    /** The pooled embedding of a sequence in the last decode; null when it was not in it. */
    sequenceEmbedding: f<[Pointer, number], Pointer>('void *llama_get_embeddings_seq(void *, int32)'),
    memory: f<[Pointer], Pointer>('void *llama_get_memory(void *)'),
    removeCells: f<[Pointer, number, number, number], boolean>(
      'bool llama_memory_seq_rm(void *, int32, int32, int32)',
    ),
    copyCells: f<[Pointer, number, number, number, number], void>(
      'void llama_memory_seq_cp(void *, int32, int32, int32, int32)',
    ),
    moveCells: f<[Pointer, number, number, number, number], void>(
      'void llama_memory_seq_add(void *, int32, int32, int32, int32)',
    ),
    firstPosition: f<[Pointer, number], number>('int32 llama_memory_seq_pos_min(void *, int32)'),
    canShift: f<[Pointer], boolean>('bool llama_memory_can_shift(void *)'),
    modelBytes: f<[Pointer], number>('uint64_t llama_model_size(void *)'),
    isRecurrent: f<[Pointer], boolean>('bool llama_model_is_recurrent(void *)'),
    isHybrid: f<[Pointer], boolean>('bool llama_model_is_hybrid(void *)'),
    stateSize: f<[Pointer, number, number], number>(
      'size_t llama_state_seq_get_size_ext(void *, int32, uint32)',
    ),
    readState: f<[Pointer, Buffer, number, number, number], number>(
      'size_t llama_state_seq_get_data_ext(void *, void *, size_t, int32, uint32)',
    ),
    writeState: f<[Pointer, Buffer, number, number, number], number>(
      'size_t llama_state_seq_set_data_ext(void *, void *, size_t, int32, uint32)',
    ),

    createChain: f<[{ no_perf: boolean }], Pointer>(
      'void *llama_sampler_chain_init(llama_sampler_chain_params)',
    ),
    addToChain: f<[Pointer, Pointer], void>('void llama_sampler_chain_add(void *, void *)'),
    freeSampler: f<[Pointer], void>('void llama_sampler_free(void *)'),
    sample: f<[Pointer, Pointer, number], number>('int32 llama_sampler_sample(void *, void *, int32)'),
    cloneSampler: f<[Pointer], Pointer>('void *llama_sampler_clone(void *)'),
    applySampler: f<[Pointer, Pointer], void>('void llama_sampler_apply(void *, void *)'),
    accept: f<[Pointer, number], void>('void llama_sampler_accept(void *, int32)'),
    greedy: f<[], Pointer>('void *llama_sampler_init_greedy()'),
    distribution: f<[number], Pointer>('void *llama_sampler_init_dist(uint32)'),
    topK: f<[number], Pointer>('void *llama_sampler_init_top_k(int32)'),
    topP: f<[number, number], Pointer>('void *llama_sampler_init_top_p(float, size_t)'),
    minP: f<[number, number], Pointer>('void *llama_sampler_init_min_p(float, size_t)'),
    typical: f<[number, number], Pointer>('void *llama_sampler_init_typical(float, size_t)'),
    temperature: f<[number], Pointer>('void *llama_sampler_init_temp(float)'),
    penalties: f<[number, number, number, number, number], Pointer>(
      'void *llama_sampler_init_penalties(int32, int32, float, float, float)',
    ),
    dry: f<[Pointer, number, number, number, number, string[], number], Pointer>(
      'void *llama_sampler_init_dry(void *, float, float, int32, int32, const char **, size_t)',
    ),
    topNSigma: f<[number], Pointer>('void *llama_sampler_init_top_n_sigma(float)'),
    xtc: f<[number, number, number, number], Pointer>(
      'void *llama_sampler_init_xtc(float, float, size_t, uint32)',
    ),
    mirostat: f<[number, number, number, number, number], Pointer>(
      'void *llama_sampler_init_mirostat(int32, uint32, float, float, int32)',
    ),
    mirostat2: f<[number, number, number], Pointer>(
      'void *llama_sampler_init_mirostat_v2(uint32, float, float)',
    ),
    grammar: f<[Pointer, string, string], Pointer>(
      'void *llama_sampler_init_grammar(void *, const char *, const char *)',
    ),
  }
}

export type Library = ReturnType<typeof openLibrary>
