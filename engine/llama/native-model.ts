import { setImmediate } from 'node:timers/promises'
import koffi from 'koffi'
import type { BufferSize, EmbeddingInfo, LoadPlan } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { availableMemory } from '../hardware/memory.ts'
import type { EngineDevice } from '../hardware/reconcile.ts'
import { checkAbi } from './abi.ts'
import { adaptThreads } from './adapt-threads.ts'
import { countedOnce } from './buffers.ts'
import { type Candidates, createCandidates } from './candidates.ts'
import { type CellPool, cellPool } from './cell-pool.ts'
import { checkCacheType, contextParams, sizesOf, threadsOf } from './context-params.ts'
import { described, engineDevices } from './devices.ts'
import { type DrySamplers, openDrySamplers } from './dry.ts'
import { type EmbeddingContext, embeddingContextOf } from './embedding-context.ts'
import { embeddingParams, embeddingTraits, pairTokens } from './embedding-params.ts'
import { type ContextParams, DECODE, NUMA, type Pointer } from './layout.ts'
import { inBackground, type Library, openLibrary } from './library.ts'
import { openLogitRows } from './logit-rows.ts'
import { listenToLog } from './native-log.ts'
import { freeGpuMemory, placementParams } from './placement.ts'
import { createQuickSteps } from './quick-steps.ts'
import { MOST_ROWS, type StepCosts, stepCosts } from './speculation/step-costs.ts'
import { createThreadGovernor } from './thread-governor.ts'
import { createThreadpool } from './threadpool.ts'
import { createTokenBatch, type TokenBatch } from './token-batch.ts'
import { createTurns, type TakeTurn } from './turns.ts'
import { openVocabulary, type Vocabulary } from './vocabulary.ts'

/** Weights and context of one model. One exists per process and lives as long as it. */
export interface NativeModel extends Vocabulary {
  readonly library: Library
  readonly context: Pointer
  readonly memory: Pointer
  /** Tokens a sequence may hold. */
  readonly contextLength: number
  readonly sequences: number
  /** Tokens all sequences together may hold; fewer than a whole context for each when memory is short. */
  readonly cells: number
  readonly batch: TokenBatch
  /** What samplers work on; used by one at a time. */
  readonly candidates: Candidates
  readonly dry: DrySamplers
  /** Raw logits of a row of the last decode, in place: put back what you change. */
  readonly logits: (row: number) => Float32Array
  /** Positions a sliding window keeps; 0 when the model attends to everything. */
  readonly slidingWindow: number
  /** Some layers keep one state instead of a cell a token: they cannot go back to an earlier token. */
  readonly isRecurrent: boolean
  readonly canShift: boolean
  /** What it costs to compute tokens ahead of an answer; undefined where that is not to be done. */
  readonly stepCosts: StepCosts | undefined
  readonly buffers: BufferSize[]
  readonly devices: EngineDevice[]
  readonly description: string
  /** Undefined where the model cannot embed. */
  readonly embedding: EmbeddingInfo | undefined
  /** The same one every time. Throws EngineError `load_failed` when there is no memory for it, `unsupported`. */
  embeddingContext(): Promise<EmbeddingContext>
  /**
   * Evaluates the batch on other threads; the event loop stays free, but for steps of a few milliseconds. Resolves to
   * a DECODE code.
   */
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
  checkCacheType(plan)
  const library = openLibrary(options.libraryDir)
  checkAbi(library)
  const abortFlag = koffi.alloc('uint8_t', 8)
  const abort = new Uint8Array(koffi.view(abortFlag, 8)).fill(0)
  // A decode that we aborted ourselves is reported as an error; it is none.
  const native = listenToLog(library, (line) => abort[0] === 0 && options.log(line))
  library.loadBackends(library.folder)
  library.initBackend()
  if (plan.numa !== undefined) library.initNuma(NUMA[plan.numa])
  const pool = cellPool(plan, { hostBytes: availableMemory(), gpuBytes: freeGpuMemory(library) })
  if (pool.cells < pool.slots * plan.contextLength) {
    options.log(`memory is short: ${pool.slots} slots share ${pool.cells} tokens of context`)
  }
  const failure = (what: string) => {
    if (options.signal.aborted) return new EngineError('cancelled', 'request canceled')
    const reason = native.reason()
    return new EngineError('load_failed', reason === undefined ? what : `${what}: ${reason}`)
  }
  const model = await loadWeights(library, plan, options)
  if (model === null) throw failure('unable to load model')
  const threadpool = createThreadpool(library, threadsOf(plan))
  const createContext = async (params: ContextParams) => {
    const context = await inBackground(library.createContext)(model, params)
    if (context === null) throw failure('failed to create context')
    if (plan.adapterPaths.length > 0) applyAdapters(library, model, context, plan)
    if (threadpool !== undefined) library.attachThreadpool(context, threadpool, threadpool)
    return context
  }
  const takeTurn = createTurns()
  const params = contextParams(library, plan, pool, abortFlag)
  const traits = embeddingTraits(library, model, plan, params.n_batch)
  // A context that embeds is never aborted: a step of it is short.
  const forEmbedding = traits && { ...embeddingParams(params, plan, traits), abort_callback: null }
  const embedsOnly = plan.embedsOnly === true
  if (embedsOnly && forEmbedding === undefined) throw failure('this model gives no embeddings')
  const context = await createContext(embedsOnly && forEmbedding ? forEmbedding : params)
  const embeddingContext = embeddingContextOf({
    library,
    traits,
    takeTurn,
    create: async () =>
      embedsOnly ? context : takeTurn(() => createContext({ ...params, ...forEmbedding })),
  })
  return {
    ...describe(library, {
      plan,
      pool,
      devices: await engineDevices(library),
      model,
      context,
      abort,
      buffers: native.buffers,
      takeTurn,
      log: options.log,
    }),
    embedding: traits && {
      pooling: traits.pooling,
      length: traits.length,
      maxTokens: traits.maxTokens,
      pair: pairTokens(library, library.vocabulary(model)),
    },
    embeddingContext,
  }
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
      ...placementParams(library, plan),
      progress_callback: progress,
      check_tensors: false,
    })
  } finally {
    library.unregister(progress)
  }
}

function applyAdapters(library: Library, model: Pointer, context: Pointer, plan: LoadPlan): void {
  const adapters = plan.adapterPaths.map((path) => {
    const adapter = library.loadAdapter(model, path)
    if (adapter === null) throw new EngineError('load_failed', 'unable to load the LoRA adapter')
    return adapter
  })
  const scales = Float32Array.from(adapters, (_, at) => plan.adapterScales?.[at] ?? 1)
  if (library.setAdapters(context, BigUint64Array.from(adapters), adapters.length, scales) !== 0) {
    throw new EngineError('load_failed', 'the LoRA adapter does not fit this model')
  }
}

function describe(
  library: Library,
  parts: {
    plan: LoadPlan
    pool: CellPool
    devices: EngineDevice[]
    model: Pointer
    context: Pointer
    abort: Uint8Array
    buffers: BufferSize[]
    takeTurn: TakeTurn
    log: (message: string) => void
  },
): Omit<NativeModel, 'embedding' | 'embeddingContext'> {
  const { plan, pool, devices, model, context, abort, buffers, takeTurn, log } = parts
  const memory = library.memory(context)
  const batch = createTokenBatch(library, sizesOf(plan, pool).batch)
  const decode = inBackground(library.decode)
  const words = openVocabulary(library, model)
  const { vocabulary, vocabularySize } = words
  const quick = createQuickSteps()
  const adaptThreads = threadAdapter(library, context, plan, log)
  return {
    library,
    context,
    memory,
    ...words,
    candidates: createCandidates(library, vocabularySize),
    dry: openDrySamplers(library, vocabulary, plan.contextLength),
    logits: openLogitRows(library, context, vocabularySize, pool.slots + MOST_ROWS),
    contextLength: plan.contextLength,
    sequences: pool.slots,
    cells: pool.cells,
    batch,
    slidingWindow: library.slidingWindow(model),
    isRecurrent: library.isRecurrent(model) || library.isHybrid(model),
    canShift: library.canShift(memory),
    stepCosts: stepCosts(plan, buffers),
    buffers: countedOnce(buffers, library.modelBytes(model)),
    devices,
    description: `libllama ${library.version()}, ${devices.map(described).join(', ')}`,
    async decode() {
      abort[0] = 0
      return takeTurn(async () => {
        const isQuick = quick.isQuick(batch.size())
        // The event loop gets its turn all the same: messages are read, and what came out is told.
        if (isQuick) await setImmediate()
        const startedAt = performance.now()
        const code = isQuick ? library.decode(context, batch.struct()) : await decode(context, batch.struct())
        quick.took(batch.size(), performance.now() - startedAt)
        // Larger steps have prompts in them, whose time depends on how much of the context is behind them.
        if (code === DECODE.ok && batch.size() <= Math.max(pool.slots, MOST_ROWS))
          adaptThreads(batch.size(), startedAt)
        return code
      })
    },
    abortDecode() {
      abort[0] = 1
    },
  }
}

/** Called after each decode step; a number of threads that somebody asked for stays as it is. */
function threadAdapter(library: Library, context: Pointer, plan: LoadPlan, log: (message: string) => void) {
  if (plan.threads > 0) return () => {}
  const setThreads = (threads: number) => library.setThreads(context, threads, threads)
  return adaptThreads(createThreadGovernor(threadsOf(plan)), setThreads, log)
}
