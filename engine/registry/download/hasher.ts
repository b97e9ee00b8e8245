import { Worker } from 'node:worker_threads'
import { type HashAnswer, type HashRun, type HashTask, openPieceHash } from './piece-hash.ts'

/** Hashes a file off the main thread, calls in their order. Calls reject with what the file system says. */
export interface Hasher {
  /** Adds a run to the SHA-256. False, and nothing is added, when it is not what is known of it. */
  add(run: HashRun): Promise<boolean>
  /** Adds bytes that belong next, out of memory that nobody changes until this resolves. */
  feed(bytes: readonly Uint8Array[]): Promise<void>
  reset(): Promise<void>
  crc(run: { start: number; length: number }): Promise<number>
  /** The SHA-256, in hex, of what was added since the beginning or the last reset. */
  digest(): Promise<string>
  /** Calls without an answer get none any more. */
  close(): Promise<void>
}

/**
 * A SHA-256 cannot be divided, so one thread follows the download: it is fed with what comes, or reads back what came
 * before its turn, mostly out of the page cache. With `isSmall` the calls block instead.
 */
export function createHasher(path: string, isSmall: boolean): Hasher {
  const { ask, close } = isSmall ? hashHere(path) : hashInThread(path)
  return {
    add: async (run) => (await ask({ type: 'add', run })) === true,
    feed: async (bytes) => {
      await ask({ type: 'feed', bytes })
    },
    reset: async () => {
      await ask({ type: 'reset' })
    },
    crc: async ({ start, length }) => Number(await ask({ type: 'crc', start, length })),
    digest: async () => String(await ask({ type: 'digest' })),
    close,
  }
}

interface Asked {
  ask(task: HashTask): Promise<HashAnswer>
  close(): Promise<void>
}

function hashHere(path: string): Asked {
  const hash = openPieceHash(path)
  return { ask: async (task) => hash.run(task), close: async () => hash.close() }
}

interface Waiting {
  resolve(answer: HashAnswer): void
  reject(error: Error): void
}

function hashInThread(path: string): Asked {
  const worker = startThread(path)
  // Answers come in the order of the tasks.
  const waiting: Waiting[] = []
  // Told to whoever asks next; without a listener it would end the process.
  let failure: Error | undefined
  worker.on('error', (error) => {
    failure = error
    for (const { reject } of waiting.splice(0)) reject(error)
  })
  worker.on('message', (answer: HashAnswer) => waiting.shift()?.resolve(answer))
  return {
    ask: (task) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure)
        waiting.push({ resolve, reject })
        worker.postMessage(task.type === 'feed' ? { ...task, bytes: shared(task.bytes) } : task)
      }),
    close: async () => {
      await worker.terminate()
    },
  }
}

/** Memory that both threads see: what connections read into already is (read-slabs.ts). */
function shared(bytes: readonly Uint8Array[]): readonly Uint8Array[] {
  if (bytes.every(({ buffer }) => buffer instanceof SharedArrayBuffer)) return bytes
  const all = Buffer.from(new SharedArrayBuffer(bytes.reduce((sum, { length }) => sum + length, 0)))
  let at = 0
  for (const run of bytes) {
    all.set(run, at)
    at += run.length
  }
  return [all]
}

/** From source the thread needs the loader that understands TypeScript, and Node 20 takes none as an argument. */
function startThread(path: string): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./hash-thread.js', import.meta.url), { workerData: path })
  const entry = JSON.stringify(new URL('./hash-thread.ts', import.meta.url).href)
  const program = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${entry}, ${entry}))`
  return new Worker(program, { eval: true, workerData: path })
}
