import type { SamplingOptions } from '../model-options.ts'
import type { Pointer } from './layout.ts'
import { inBackground, type Library } from './library.ts'
import { dryArguments } from './sampling-limits.ts'

/** Different settings of DRY that are remembered; a client uses one. */
const KEPT = 8

/**
 * DRY samplers of one model. llama.cpp compares every token of the vocabulary with every text that breaks a
 * repetition, about 0.1 s a text at 150,000 tokens, so that is done once for each setting, on another thread,
 * and what a request gets is a clone.
 */
export interface DrySamplers {
  /** Resolves when `sampler` can answer at once; undefined when it already can. Never rejects. */
  prepare(options: SamplingOptions): Promise<void> | undefined
  /** A new sampler that the caller frees; undefined when these options leave DRY off. */
  sampler(options: SamplingOptions): Pointer | undefined
}

export function openDrySamplers(library: Library, vocabulary: Pointer, contextLength: number): DrySamplers {
  const create = inBackground(library.dry)
  const made = new Map<string, Pointer>()
  let last: Promise<void> = Promise.resolve()

  function keep(key: string, sampler: Pointer): Pointer {
    const known = made.get(key)
    if (known !== undefined) library.freeSampler(sampler)
    const kept = known ?? sampler
    made.delete(key)
    made.set(key, kept)
    const [oldest] = made.keys()
    if (made.size > KEPT && oldest !== undefined) {
      library.freeSampler(made.get(oldest) ?? null)
      made.delete(oldest)
    }
    return kept
  }

  return {
    prepare(options) {
      const args = dryArguments(options, contextLength)
      if (args === undefined) return undefined
      const key = JSON.stringify(args)
      if (made.has(key)) return undefined
      // One at a time: compute threads need the cores.
      last = last
        .then(async () => {
          if (!made.has(key)) keep(key, await create(vocabulary, ...args))
        })
        // It is tried again by `sampler`, which reports what is wrong to the request.
        .catch(() => {})
      return last
    },
    sampler(options) {
      const args = dryArguments(options, contextLength)
      if (args === undefined) return undefined
      const key = JSON.stringify(args)
      const known = made.get(key)
      return library.cloneSampler(known ?? keep(key, library.dry(vocabulary, ...args)))
    },
  }
}
