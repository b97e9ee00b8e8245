import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError } from '../errors.ts'
import { forkChild } from '../runner/fork.ts'
import { type ConvertRequest, isConvertReport } from './convert-protocol.ts'
import type { SourceFiles } from './json-file.ts'
import { refused } from './refuse.ts'

export interface ConvertOptions {
  signal: AbortSignal
  /** Fractions from 0 to 1 that never fall. */
  onProgress?: (fraction: number) => void
}

/** Of what a dying child says. */
const MAX_LAST_WORDS = 500

/**
 * Converts a model as transformers saves it (safetensors files, config.json and those of its tokenizer, by name with
 * the path of each) to the GGUF file `to`, which appears under that name when it is complete and on disk. Weights
 * keep their type. Works in a process of its own, with a few pieces of a tensor in memory at a time. Throws
 * EngineError `convert_failed` that names what is missing or cannot be converted, and `cancelled` soon after `signal`
 * aborts; no part of the new file stays then.
 */
export async function convertSafetensors(
  files: SourceFiles,
  to: string,
  { signal, onProgress = () => {} }: ConvertOptions,
): Promise<void> {
  if (signal.aborted) throw cancelled()
  // The models folder is swept of such names.
  const temporary = join(dirname(to), `tmp-${randomUUID()}`)
  try {
    await runChild({ type: 'convert', files: [...files], to: temporary }, signal, onProgress)
    if (signal.aborted) throw cancelled()
    await rename(temporary, to)
    onProgress(1)
  } finally {
    await rm(temporary, { force: true })
  }
}

const cancelled = () => new EngineError('cancelled', 'request canceled')

/** Runs the child to its end, which is the abort of the signal at the latest. */
async function runChild(
  request: ConvertRequest,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const child = forkChild('convert-child', {})
  const stop = () => child.kill('SIGKILL')
  let lastWords = ''
  let outcome: 'done' | EngineError | undefined
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(0, MAX_LAST_WORDS)
  })
  child.on('message', (report) => {
    if (!isConvertReport(report)) return
    if (report.type === 'progress') {
      if (!signal.aborted) onProgress(report.fraction)
      return
    }
    outcome = report.type === 'done' ? 'done' : new EngineError(report.failure.code, report.failure.message)
    stop()
  })
  signal.addEventListener('abort', stop, { once: true })
  // The channel closes when the child dies, and then its end is what counts.
  child.send(request, () => {})
  const end = await new Promise<string>((resolve) => {
    child.once('close', (code, killer) => resolve(killer ?? `exit status ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  signal.removeEventListener('abort', stop)
  if (signal.aborted) throw cancelled()
  if (outcome === 'done') return
  throw (
    outcome ??
    refused(`its process has unexpectedly stopped: ${[end, lastWords.trim()].filter(Boolean).join(': ')}`)
  )
}
