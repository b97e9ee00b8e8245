import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface FuzzOrder {
  /** The number of the first case; a case is the same whenever it is run. */
  seed: number
  cases: number
}

export interface FuzzReport {
  cases: number
  read: number
  refused: number
  /** Cases by kind of damage. */
  kinds: Record<string, number>
  /** Everything that was neither read nor refused in a sentence. */
  faults: string[]
  slowestMs: number
  /** Peak of the process's memory over what it took when warm. */
  grownBytes: number
}

/** A hundred cases take well under a second. */
const SILENCE_MS = 60_000

/**
 * Reads damaged GGUF files in a child process. Rejects when it dies or is silent for a minute, with the number of a
 * case shortly before.
 */
export async function fuzzReader(order: FuzzOrder): Promise<FuzzReport> {
  const child = fork(fileURLToPath(new URL('gguf-fuzz-child.ts', import.meta.url)), [], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let at = order.seed
  const isSilent = () => child.kill('SIGKILL')
  let silence = setTimeout(isSilent, SILENCE_MS)
  child.send(order)
  try {
    return await new Promise<FuzzReport>((resolve, reject) => {
      child.on('message', (message: { at?: number; report?: FuzzReport }) => {
        clearTimeout(silence)
        silence = setTimeout(isSilent, SILENCE_MS)
        at = message.at ?? at
        if (message.report !== undefined) resolve(message.report)
      })
      child.once('exit', (code, signal) => {
        reject(new Error(`the reader's process ended with ${signal ?? code} soon after case ${at}`))
      })
    })
  } finally {
    clearTimeout(silence)
    child.kill('SIGKILL')
  }
}
