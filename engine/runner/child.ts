/**
 * Entry of the child process: one model, driven by messages. Native code may end this process at any moment;
 * nothing outside it is lost when it does.
 */
import type { LoadPlan } from '../backend.ts'
import { type Batcher, createBatcher } from '../llama/batcher.ts'
import { findLibraryDir } from '../llama/library.ts'
import { loadNativeModel, type NativeModel, totalBytes } from '../llama/native-model.ts'
import { openPrefixCache } from '../llama/prefix/open-prefix-cache.ts'
import { failureOf, isMessage, SAVE_MS, type ToChild, type ToParent } from './protocol.ts'

const loading = new AbortController()
let model: NativeModel | undefined
let batcher: Batcher | undefined

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
    const cache = await openPrefixCache(loaded, plan, (message) => tell({ type: 'log', message }))
    model = loaded
    batcher = createBatcher(loaded, cache, (events) => tell({ type: 'step', events }))
    const { contextLength, sequences, vocabularySize, buffers, addsBos, canShift, description } = loaded
    const info = { contextLength, slots: sequences, vocabularySize, buffers, addsBos, canShift, description }
    tell({ type: 'loaded', info: { ...info, ...totalBytes(buffers) } })
  } catch (error) {
    tell({ type: 'load-failed', failure: failureOf(error) })
  }
}

/** Answers a call that has one answer. */
async function answer(
  message: Extract<ToChild, { type: 'tokenize' | 'detokenize' | 'status' }>,
): Promise<void> {
  const { id } = message
  try {
    if (model === undefined || batcher === undefined) throw new Error('no model is loaded')
    if (message.type === 'status')
      tell({ type: 'answer', id, value: { ...batcher.status(), pid: process.pid } })
    else if (message.type === 'detokenize')
      tell({ type: 'answer', id, value: model.detokenize(message.tokens) })
    else tell({ type: 'answer', id, value: await model.tokenize(message.text, message.special, message.bos) })
  } catch (error) {
    tell({ type: 'call-failed', id, failure: failureOf(error) })
  }
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
      batcher?.add(message.id, message.request)
      return
    case 'cancel':
      batcher?.cancel(message.id)
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
    case 'shutdown':
      void shutDown().catch(leave)
      return
    default:
      message satisfies never
  }
}

process.title = 'snug runner'
// Ctrl-C and service managers signal the whole group; the parent decides when a model goes.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// The parent is gone, however it ended: nobody is left to answer to.
process.on('disconnect', leave)
process.on('message', (message) => {
  if (isMessage(message)) handle(message as ToChild)
})
