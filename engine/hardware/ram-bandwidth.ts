/** Main memory, measured: nothing in the system tells how fast it is. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { COMMAND, type ReaderMessage, type ReaderTask } from './ram-reader-protocol.ts'
import type { Readers } from './readers.ts'

const MEASURE_MS = 200
/** Threads that are slow to start, on a machine that is busy, end the attempt. */
const START_TIMEOUT_MS = 10_000
const MIB = 2 ** 20
/** More than the cache a core has for itself, and together more than most processors have for all. */
const BYTES_PER_THREAD = 64 * MIB
const LEAST_BYTES_PER_THREAD = 16 * MIB
/** Of free memory, for all threads. */
const SHARE_OF_FREE = 1 / 8
/** A few cores already ask for all that a socket's memory gives. */
const MAX_THREADS = 16

export interface RamBandwidth {
  gbPerSecond: number
  threads: number
}

/**
 * Bytes a second that `threads` threads read together from memory, each from a piece of its own. Takes about 0.3
 * seconds and at most an eighth of `freeBytes`; the event loop stays free. Undefined where memory is too short, the
 * threads did not start in time or `signal` aborted: whatever else runs now slows it down, so keep the best of several.
 */
export async function measureRamBandwidth(options: {
  threads: number
  freeBytes: number
  signal?: AbortSignal
}): Promise<RamBandwidth | undefined> {
  const threads = Math.max(1, Math.min(options.threads, MAX_THREADS))
  const bytes = Math.min(BYTES_PER_THREAD, (options.freeBytes * SHARE_OF_FREE) / threads)
  if (bytes < LEAST_BYTES_PER_THREAD) return undefined
  const deadline = AbortSignal.any([
    AbortSignal.timeout(START_TIMEOUT_MS),
    ...(options.signal === undefined ? [] : [options.signal]),
  ])
  const state = new Int32Array(new SharedArrayBuffer(4))
  const workers = Array.from({ length: threads }, () => startReader({ bytes, shared: state.buffer }))
  const tell = (command: number) => {
    Atomics.store(state, 0, command)
    Atomics.notify(state, 0)
  }
  try {
    await Promise.all(workers.map((worker) => next(worker, deadline)))
    const results = Promise.all(workers.map((worker) => next(worker, deadline)))
    tell(COMMAND.read)
    await Promise.race([results, new Promise((resolve) => setTimeout(resolve, MEASURE_MS))])
    tell(COMMAND.stop)
    const rates = (await results).map((message) =>
      message.type === 'result' ? message.bytes / message.ms : 0,
    )
    return { gbPerSecond: rates.reduce((sum, rate) => sum + rate, 0) / 1e6, threads }
  } catch {
    // No figure is better than that of a machine that could not even start the threads.
    return undefined
  } finally {
    tell(COMMAND.stop)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** Run from source, it needs the loader that understands TypeScript, which `--import` does not give to threads. */
function startReader(task: ReaderTask): Worker {
  const options = { workerData: task, env: {}, execArgv: [] }
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./ram-reader.js', import.meta.url), options)
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'))
  const loader = new URL('./esm/api/index.mjs', tsx).href
  const file = new URL('./ram-reader.ts', import.meta.url).href
  const code = `import('${loader}').then(({ register }) => { register(); return import('${file}') })`
  return new Worker(code, { ...options, eval: true })
}

/** The next thing a thread says. */
const next = (worker: Worker, signal: AbortSignal): Promise<ReaderMessage> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', () => reject(new Error('the thread ended')))
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

const Bandwidths = z.object({
  boot: z.string().min(1).max(200),
  threads: z.int().min(1).max(MAX_THREADS),
  gbPerSecond: z.number().positive().max(100_000),
})

/** The text in which a caller keeps a measurement until the machine starts again. */
export const bandwidthRecord = (boot: string, { threads, gbPerSecond }: RamBandwidth): string =>
  `${JSON.stringify({ boot, threads, gbPerSecond })}\n`

/** The measurement in such a text; undefined when it is of another boot or damaged. */
export function parseBandwidthRecord(text: string, boot: string): RamBandwidth | undefined {
  try {
    const { boot: since, ...bandwidth } = Bandwidths.parse(JSON.parse(text))
    return since === boot ? bandwidth : undefined
  } catch {
    // A file of ours that somebody changed: measuring again repairs it.
    return undefined
  }
}

/** What changes with every start of the machine, and only then; undefined where the system has no such thing. */
export async function bootId(readers: Readers): Promise<string | undefined> {
  if (readers.platform === 'darwin') {
    const { text } = await readers.run('/usr/sbin/sysctl', ['-n', 'kern.boottime'])
    return /sec = \d+/.exec(text)?.[0]
  }
  const id = await readers.readText('/proc/sys/kernel/random/boot_id')
  return /^[\da-f-]{36}$/.exec(id?.trim() ?? '')?.[0]
}
