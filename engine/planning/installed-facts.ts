import { stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import type { ModelFacts } from '../fit/types.ts'
import { GgufError } from '../gguf/error.ts'
import { readGgufFile } from '../gguf/read.ts'
import { Recent } from '../store/recent.ts'
import type { InstalledModel } from '../store/types.ts'
import { factsFromHeader, uncomputed } from './targets/from-header.ts'

/** Headers are megabytes to read and facts are a few kilobytes to keep. */
const REMEMBERED = 64

/**
 * What planning knows of an installed model, with its weights as the only offer, which is called like the model. Throws
 * EngineError `unsupported` where that is too little, GgufError, and what the file system says.
 */
export type ReadFacts = (model: InstalledModel, name: string) => Promise<ModelFacts>

/** Reads headers once: a file is the same while path, size and time are. */
export function createFactsReader(): ReadFacts {
  const known = new Recent<ModelFacts>(REMEMBERED)
  return async ({ weightsPath: path }, name) => {
    if (path === undefined) throw uncomputed(name, 'it has no weights here: another server runs it')
    const { size, mtimeMs } = await stat(path)
    const facts = await known.get(`${path} ${size} ${mtimeMs}`, async () =>
      factsFromHeader(await readGgufFile(path), { name, source: 'installed' }),
    )
    // Several names may share a file.
    return { ...facts, name, offers: facts.offers.map((offer) => ({ ...offer, name })) }
  }
}

/** The same by full names, for whoever can do without: undefined where the header says too little. */
export type InstalledFacts = (model: InstalledModel) => Promise<ModelFacts | undefined>

export function createInstalledFacts(read: ReadFacts = createFactsReader()): InstalledFacts {
  return async (model) => {
    try {
      return await read(model, model.fullName)
    } catch (error) {
      const isTooLittle = error instanceof EngineError && error.code === 'unsupported'
      if (isTooLittle || error instanceof GgufError) return undefined
      throw error
    }
  }
}
