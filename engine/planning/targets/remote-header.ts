/** Headers of files that are far away. What all of one model together may cost is limited. */
import { EngineError } from '../../errors.ts'
import type { ByteRanges } from '../../gguf/byte-ranges.ts'
import { GgufError } from '../../gguf/error.ts'
import { LIMITS } from '../../gguf/limits.ts'
import { readGgufHeader } from '../../gguf/read.ts'
import type { GgufHeader } from '../../gguf/types.ts'
import { readAtMost } from '../../registry/body.ts'
import type { RemoteFile } from '../../registry/types.ts'

/** Parts whose headers are read at the same time. */
const LANES = 8
/** After so long whoever asks has gone. */
const DEADLINE_MS = 20_000

/** What the files of a model say together. */
export interface ModelHeader extends Pick<GgufHeader, 'metadata' | 'tensors'> {
  /** Of all files, before their tensors' data. */
  headerBytes: number
}

/** Reads the header of a model in one file or in parts, which are given in their order. Throws GgufError. */
export async function readModelHeader(
  parts: readonly ((signal: AbortSignal) => Promise<Pick<RemoteFile, 'size' | 'read'>>)[],
  signal: AbortSignal,
): Promise<ModelHeader> {
  const budget = { left: LIMITS.remoteHeaderBytes }
  const headers: GgufHeader[] = []
  for (let first = 0; first < parts.length; first += LANES) {
    const some = parts.slice(first, first + LANES).map(async (open) => {
      const file = await open(signal)
      return await readGgufHeader(withinBudget(file, budget, signal), { signal })
    })
    headers.push(...(await Promise.all(some)))
  }
  const tensors = headers.flatMap((header) => header.tensors)
  if (tensors.length > LIMITS.tensors) throw new GgufError(`it has more than ${LIMITS.tensors} tensors`)
  if (new Set(tensors.map(({ name }) => name)).size < tensors.length) {
    throw new GgufError('its parts have tensors of the same name')
  }
  const headerBytes = headers.reduce((sum, { dataOffset }) => sum + dataOffset, 0)
  return { metadata: headers[0]?.metadata ?? new Map(), tensors, headerBytes }
}

function withinBudget(
  { size, read }: Pick<RemoteFile, 'size' | 'read'>,
  budget: { left: number },
  signal: AbortSignal,
): ByteRanges {
  return {
    size,
    async read(start, end) {
      const length = end - start
      if (length === 0) return Buffer.alloc(0)
      if (length > budget.left) {
        throw new GgufError(`its headers have more than the ${LIMITS.remoteHeaderBytes} bytes that are read`)
      }
      budget.left -= length
      return await readAtMost(read({ start, end: end - 1 }, signal), length)
    },
  }
}

/** Does something far away within the time that anybody waits for it. */
export async function withinDeadline<T>(
  host: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  try {
    return await work(AbortSignal.any([signal, deadline]))
  } catch (error) {
    if (signal.aborted || !deadline.aborted) throw error
    const text = `${host} has not said within ${DEADLINE_MS / 1000} s what is in the model`
    throw new EngineError('registry_failed', text, { cause: error })
  }
}
