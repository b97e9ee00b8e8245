import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cancelled, runOneShot } from '../runner/one-shot.ts'
import { type ConvertProgress, type ConvertRequest, isConvertReport } from './convert-protocol.ts'
import type { SourceFiles } from './json-file.ts'
import { refused } from './refuse.ts'

export interface ConvertOptions {
  signal: AbortSignal
  /** Fractions from 0 to 1 that never fall. */
  onProgress?: (fraction: number) => void
}

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
    const request: ConvertRequest = { type: 'convert', files: [...files], to: temporary }
    await runOneShot<ConvertProgress>({
      entry: 'convert-child',
      environment: {},
      request,
      isReport: isConvertReport,
      onReport: ({ fraction }) => {
        if (!signal.aborted) onProgress(fraction)
      },
      died: (detail) => refused(`its process has unexpectedly stopped: ${detail}`),
      signal,
    })
    if (signal.aborted) throw cancelled()
    await rename(temporary, to)
    onProgress(1)
  } finally {
    await rm(temporary, { force: true })
  }
}
