/**
 * Entry of the child process: one model, driven by messages. Native code may end this process at any moment;
 * nothing outside it is lost when it does.
 */
import type { LoadPlan, RunnerRequest, RunnerStatus } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { type Batcher, createBatcher } from '../llama/batcher.ts'
import { totalBytes } from '../llama/buffers.ts'
import { createEmbedder, type Embedder } from '../llama/embedder.ts'
import { findLibraryDir } from '../llama/library-dir.ts'
import { loadNativeModel, type NativeModel } from '../llama/native-model.ts'
import { openPrefixCache } from '../llama/prefix/open-prefix-cache.ts'
import { idOf, isFromParent } from './check-parent.ts'
import { failureOf, SAVE_MS, type ToChild, type ToParent } from './protocol.ts'

const loading = new AbortController()
let model: NativeModel | undefined
let batcher: Batcher | undefined
let embedder: Embedder | undefined

function tell(message: ToParent): void {
  process.send?.(message)
}

async function load(plan: LoadPlan, libraryDir: string | undefined): Promise<void> {
  try {
    const loaded = await loadNativeModel(plan, {
      libraryDir: findLibraryDir(libraryDir),
      signal: loading.signal,
      onProgress: (fraction) => tell({ type: 'progress', fraction }),
      log: (message) => tell({ type: 'log', message }),
    })
    model = loaded
    if (plan.embedsOnly !== true) batcher = await batcherFor(loaded, plan)
    embedder = createEmbedder(loaded, {
      done: (id, vectors) => tell({ type: 'answer', id, value: toBase64(vectors) }),
      failed: (id, failure) => tell({ type: 'call-failed', id, failure }),
    })
    const {
      contextLength,
      sequences: slots,
      vocabularySize,
      buffers,
      canShift,
      description,
      devices,
      embedding,
    } = loaded
    const words = { vocabularySize, addsBos: loaded.addsBos, controlTokens: loaded.controlTokens() }
    const info = { contextLength, slots, ...words, buffers, canShift, description, devices }
    tell({
      type: 'loaded',
      info: { ...info, ...totalBytes(buffers), ...(embedding === undefined ? {} : { embedding }) },
    })
  } catch (error) {
    tell({ type: 'load-failed', failure: failureOf(error) })
  }
}

async function batcherFor(loaded: NativeModel, plan: LoadPlan): Promise<Batcher> {
  const cache = await openPrefixCache(loaded, plan, (message) => tell({ type: 'log', message }))
  return createBatcher(loaded, cache, (events) => tell({ type: 'step', events }))
}

const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

const IDLE: RunnerStatus = { busySlots: 0, waiting: 0, outputTokens: 0 }

function statusOf(embedder: Embedder): RunnerStatus {
  const status = batcher?.status() ?? IDLE
  return { ...status, waiting: status.waiting + embedder.waiting(), pid: process.pid }
}

/** Answers a call that has one answer. */
async function answer(
  message: Extract<ToChild, { type: 'tokenize' | 'detokenize' | 'status' }>,
): Promise<void> {
  const { id } = message
  try {
    if (model === undefined || embedder === undefined) throw new Error('no model is loaded')
    if (message.type === 'status') tell({ type: 'answer', id, value: statusOf(embedder) })
    else if (message.type === 'detokenize')
      tell({ type: 'answer', id, value: model.detokenize(message.tokens) })
    else tell({ type: 'answer', id, value: await model.tokenize(message.text, message.special, message.bos) })
  } catch (error) {
    tell({ type: 'call-failed', id, failure: failureOf(error) })
  }
}

function generate(id: number, request: RunnerRequest): void {
  if (batcher !== undefined) {
    batcher.add(id, request)
    return
  }
  const failure = failureOf(new EngineError('unsupported', 'this model only embeds'))
  tell({ type: 'step', events: [{ id, type: 'failed', failure }] })
}

function leave(): void {
  // Not process.exit: it would run the native library's destructors under threads that still compute.
  process.kill(process.pid, 'SIGKILL')
}

/** Writes down what should outlive the process, for as long as that may take. */
async function shutDown(): Promise<void> {
  setTimeout(leave, SAVE_MS)
  await batcher?.close()
  leave()
}

function handle(message: ToChild): void {
  switch (message.type) {
    case 'load':
      void load(message.plan, message.libraryDir)
      return
    case 'generate':
      generate(message.id, message.request)
      return
    case 'embed':
      embedder?.add(message.id, message.inputs)
      return
    case 'cancel':
      batcher?.cancel(message.id)
      embedder?.cancel(message.id)
      return
    case 'pause':
      batcher?.pause(message.id)
      return
    case 'resume':
      batcher?.resume(message.id)
      return
    case 'tokenize':
    case 'detokenize':
    case 'status':
      void answer(message)
      return
    case 'abort-load':
      loading.abort()
      return
    case 'ping':
      tell({ type: 'pong', step: batcher?.runningStep() ?? null })
      return
    case 'shutdown':
      void shutDown().catch(leave)
      return
    default:
      message satisfies never
  }
}

/** A message that makes no sense never reaches native code; whoever waits for its answer is told. */
function refuse(message: unknown): void {
  const id = idOf(message)
  const failure = failureOf(new EngineError('bad_request', 'the runner was sent a malformed message'))
  tell({ type: 'log', message: failure.message })
  // Requests and calls are numbered together, a load has no number: only one of these finds somebody who waits.
  if (id === undefined) tell({ type: 'load-failed', failure })
  else {
    tell({ type: 'step', events: [{ id, type: 'failed', failure }] })
    tell({ type: 'call-failed', id, failure })
  }
}

process.title = 'snug runner'
// Ctrl-C and service managers signal the whole group; the parent decides when a model goes. It asks with
// `shutdown`, and takes SIGKILL when that is not heard: there is nothing here that a SIGTERM could save.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// The parent is gone, however it ended: nobody is left to answer to.
process.on('disconnect', leave)
process.on('message', (message) => {
  if (isFromParent(message)) handle(message)
  else refuse(message)
})
