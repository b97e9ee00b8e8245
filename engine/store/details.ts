import { readGgufFile } from '../gguf/read.ts'
import type { GgufValue } from '../gguf/types.ts'
import type { InstalledModel, ModelDetails } from './types.ts'

/**
 * Reads the headers of a model's files again, this time for people. Throws GgufError, or what the file system
 * says, when they cannot be read.
 */
export async function readDetails(model: InstalledModel, verbose: boolean): Promise<ModelDetails> {
  const weights = model.weightsPath === undefined ? undefined : await readGgufFile(model.weightsPath)
  const [projectorPath] = model.projectorPaths
  const projector = projectorPath === undefined ? undefined : await readGgufFile(projectorPath)
  return {
    metadata: plainEntries(weights?.metadata ?? new Map(), verbose),
    tensors: (weights?.tensors ?? []).map(({ name, type, shape }) => ({ name, type, shape })),
    projectorMetadata: projector && plainEntries(projector.metadata, verbose),
  }
}

const plainEntries = (metadata: ReadonlyMap<string, GgufValue>, verbose: boolean): [string, unknown][] =>
  Array.from(metadata, ([key, value]) => [key, typeof value === 'object' && !verbose ? null : plain(value)])

/** A value as JSON can hold it. Integers beyond 2^53 lose their last digits, as in any JSON reader. */
function plain(value: GgufValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'object' ? value.toArray().map(plain) : value
}
