import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type HashAnswer, type HashTask, openPieceHash } from './piece-hash.ts'

/** Hashes runs of a file, off the main thread. One call at a time. Calls reject with what the file system says. */
export interface Hasher {
  /** Adds a run to the SHA-256. False, and nothing is added, when it does not have the CRC given. */
  add(run: { start: number; length: number; crc: number | undefined }): Promise<boolean>
  reset(): Promise<void>
  crc(run: { start: number; length: number }): Promise<number>
  /** `sha256:<hex>` of what was added since the beginning or the last reset. */
  digest(): Promise<string>
  close(): Promise<void>
}

/**
 * A SHA-256 cannot be divided, so one thread follows the download and reads back what is complete from the start
 * of the file on, mostly out of the page cache. With `isSmall` the calls block instead.
 */
export function createHasher(path: string, isSmall: boolean): Hasher {
  const { ask, close } = isSmall ? hashHere(path) : hashInThread(path)
  return {
    add: async ({ start, length, crc }) => (await ask({ type: 'add', start, length, crc })) === true,
    reset: async () => {
      await ask({ type: 'reset' })
    },
    crc: async ({ start, length }) => Number(await ask({ type: 'crc', start, length })),
    digest: async () => `sha256:${await ask({ type: 'digest' })}`,
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

function hashInThread(path: string): Asked {
  const worker = startThread(path)
  // Told to whoever asks next; without a listener it would end the process.
  let failure: Error | undefined
  worker.on('error', (error) => {
    failure = error
  })
  return {
    async ask(task) {
      if (failure) throw failure
      worker.postMessage(task)
      const [answer] = await once(worker, 'message')
      return answer
    },
    close: async () => {
      await worker.terminate()
    },
  }
}

/** From source the thread needs the loader that understands TypeScript, and Node 20 takes none as an argument. */
function startThread(path: string): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./hash-thread.js', import.meta.url), { workerData: path })
  const entry = JSON.stringify(new URL('./hash-thread.ts', import.meta.url).href)
  const program = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${entry}, ${entry}))`
  return new Worker(program, { eval: true, workerData: path })
}
