import os from 'node:os'
import koffi from 'koffi'
import type { BufferSize, LoadPlan } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { checkAbi } from './abi.ts'
import { isHostBuffer, parseBufferSize } from './buffers.ts'
import { FLASH_ATTENTION, KV_CACHE_TYPE, LOAD_MODE, type Pointer } from './layout.ts'
import { inBackground, type Library, openLibrary } from './library.ts'
import { createTokenBatch, type TokenBatch } from './token-batch.ts'
import { openVocabulary, type Vocabulary } from './vocabulary.ts'

/** ggml's log levels; continuation lines carry 5. */
const LOG_WARN = 3
/** Lines of the native log kept to explain a failed load. */
const KEPT_LOG_LINES = 20
/** The KV cache is allocated in steps of this many cells (llama.cpp src/llama-context.cpp). */
const CELL_STEP = 256

/** Weights and context of one model. One exists per process and lives as long as it. */
export interface NativeModel extends Vocabulary {
  readonly library: Library
  readonly context: Pointer
  readonly memory: Pointer
  /** Tokens a sequence may hold. */
  readonly contextLength: number
  readonly sequences: number
  readonly batch: TokenBatch
  /** Positions a sliding window keeps; 0 when the model attends to everything. */
  readonly slidingWindow: number
  /** Some layers keep one state instead of a cell a token: they cannot go back to an earlier token. */
  readonly isRecurrent: boolean
  readonly canShift: boolean
  readonly buffers: BufferSize[]
  readonly description: string
  /** Evaluates the batch on other threads; the event loop stays free. Resolves to a DECODE code. */
  decode(): Promise<number>
  /** Makes a decode that is running return DECODE.aborted soon. Cleared by the next decode. */
  abortDecode(): void
}

/**
 * Loads weights and creates the context. Throws EngineError `load_failed` with llama.cpp's own words, and
 * `cancelled` when `signal` aborts. `log` gets warnings and errors of the native library.
 */
export async function loadNativeModel(
  plan: LoadPlan,
  options: {
    libraryDir: string
    signal: AbortSignal
    onProgress: (fraction: number) => void
    log: (message: string) => void
  },
): Promise<NativeModel> {
  const library = openLibrary(options.libraryDir)
  checkAbi(library)
  const buffers: BufferSize[] = []
  const recent: string[] = []
  const abortFlag = koffi.alloc('uint8_t', 8)
  const abort = new Uint8Array(koffi.view(abortFlag, 8)).fill(0)
  library.setLog(
    library.register.log((level, text) => {
      const line = text.trimEnd()
      const buffer = parseBufferSize(line)
      if (buffer !== undefined) buffers.push(buffer)
      // A decode that we aborted ourselves is reported as an error; it is none.
      if (level < LOG_WARN || level > LOG_WARN + 1 || line === '' || abort[0] === 1) return
      recent.push(line)
      if (recent.length > KEPT_LOG_LINES) recent.shift()
      options.log(line)
    }),
    null,
  )
  library.loadBackends(library.folder)
  library.initBackend()
  const failure = (what: string) => {
    if (options.signal.aborted) return new EngineError('cancelled', 'request canceled')
    const reason = recent.findLast((line) => /error|fail|unknown|unable|cannot/i.test(line)) ?? recent.at(-1)
    return new EngineError('load_failed', reason === undefined ? what : `${what}: ${reason}`)
  }
  const model = await loadWeights(library, plan, options)
  if (model === null) throw failure('unable to load model')
  const context = await inBackground(library.createContext)(model, contextParams(library, plan, abortFlag))
  if (context === null) throw failure('failed to create context')
  if (plan.adapterPaths.length > 0) applyAdapters(library, model, context, plan.adapterPaths)
  return describe(library, { plan, model, context, abort, buffers })
}

async function loadWeights(
  library: Library,
  plan: LoadPlan,
  options: { signal: AbortSignal; onProgress: (fraction: number) => void },
): Promise<Pointer> {
  const progress = library.register.progress((fraction) => {
    options.onProgress(fraction)
    return !options.signal.aborted
  })
  try {
    return await inBackground(library.loadModel)(plan.weightsPath, {
      ...library.defaultModelParams(),
      n_gpu_layers: plan.gpuLayers < 0 ? -1 : plan.gpuLayers,
      load_mode: plan.mmap === undefined ? LOAD_MODE.auto : plan.mmap ? LOAD_MODE.mmap : LOAD_MODE.none,
      // A single GPU: no split over devices.
      ...(plan.mainGpu === undefined || !hasGpu(library) ? {} : { main_gpu: plan.mainGpu, split_mode: 0 }),
      progress_callback: progress,
      check_tensors: false,
    })
  } finally {
    library.unregister(progress)
  }
}

/** Cells of the KV cache, and tokens of one decode step: room for one token of every slot at least. */
function sizesOf(plan: LoadPlan): { cells: number; batch: number } {
  const cells = Math.ceil((plan.contextLength * plan.slots) / CELL_STEP) * CELL_STEP
  return { cells, batch: Math.max(plan.slots, Math.min(plan.batchTokens, cells)) }
}

function contextParams(library: Library, plan: LoadPlan, abortFlag: unknown) {
  const threads = plan.threads > 0 ? plan.threads : defaultThreads()
  const { cells, batch } = sizesOf(plan)
  const flash = plan.flashAttention
  return {
    ...library.defaultContextParams(),
    n_ctx: cells,
    // One micro-batch a step, so that a long prompt never holds up a running stream for longer.
    n_batch: batch,
    n_ubatch: batch,
    n_seq_max: plan.slots,
    n_threads: threads,
    n_threads_batch: threads,
    flash_attn_type:
      flash === 'auto' ? FLASH_ATTENTION.auto : flash ? FLASH_ATTENTION.on : FLASH_ATTENTION.off,
    type_k: KV_CACHE_TYPE[plan.kvCacheType],
    type_v: KV_CACHE_TYPE[plan.kvCacheType],
    // One pool of cells for all sequences, so that they can share a prefix.
    kv_unified: true,
    // Sliding-window layers keep only their window, as llama-server does.
    swa_full: false,
    abort_callback: library.abortCallback,
    abort_callback_data: abortFlag,
  }
}

/**
 * One thread a core; one less on small machines, because llama.cpp's threads spin while they wait and
 * anything else that runs then costs far more than the core given up.
 */
function defaultThreads(): number {
  const cores = os.availableParallelism()
  return cores <= 4 ? Math.max(1, cores - 1) : cores
}

function applyAdapters(library: Library, model: Pointer, context: Pointer, paths: readonly string[]): void {
  const adapters = paths.map((path) => {
    const adapter = library.loadAdapter(model, path)
    if (adapter === null) throw new EngineError('load_failed', 'unable to load the LoRA adapter')
    return adapter
  })
  const scales = new Float32Array(adapters.length).fill(1)
  if (library.setAdapters(context, BigUint64Array.from(adapters), adapters.length, scales) !== 0) {
    throw new EngineError('load_failed', 'the LoRA adapter does not fit this model')
  }
}

function describe(
  library: Library,
  parts: { plan: LoadPlan; model: Pointer; context: Pointer; abort: Uint8Array; buffers: BufferSize[] },
): NativeModel {
  const { plan, model, context, abort, buffers } = parts
  const memory = library.memory(context)
  const batch = createTokenBatch(library, sizesOf(plan).batch)
  const decode = inBackground(library.decode)
  return {
    library,
    context,
    memory,
    ...openVocabulary(library, model),
    contextLength: plan.contextLength,
    sequences: plan.slots,
    batch,
    slidingWindow: library.slidingWindow(model),
    isRecurrent: library.isRecurrent(model) || library.isHybrid(model),
    canShift: library.canShift(memory),
    buffers,
    description: `libllama ${library.version()}, ${devices(library)}`,
    decode() {
      abort[0] = 0
      return decode(context, batch.struct())
    },
    abortDecode() {
      abort[0] = 1
    },
  }
}

/** llama.cpp refuses to load anything when a GPU is named and there is none. */
const hasGpu = (library: Library): boolean =>
  deviceNames(library).some((name) => name !== 'CPU' && !isHostBuffer(name))

function deviceNames(library: Library): string[] {
  return Array.from({ length: library.deviceCount() }, (_, i) => library.deviceName(library.device(i)))
}

function devices(library: Library): string {
  const names: string[] = []
  for (let i = 0; i < library.deviceCount(); i++) {
    const device = library.device(i)
    names.push(`${library.deviceName(device)} (${library.deviceDescription(device)})`)
  }
  return names.join(', ')
}

/** Sums of `buffers`: everything, and what does not lie in host memory. */
export function totalBytes(buffers: readonly BufferSize[]): { sizeBytes: number; sizeVramBytes: number } {
  let sizeBytes = 0
  let sizeVramBytes = 0
  for (const { device, bytes } of buffers) {
    sizeBytes += bytes
    if (!isHostBuffer(device)) sizeVramBytes += bytes
  }
  return { sizeBytes, sizeVramBytes }
}
