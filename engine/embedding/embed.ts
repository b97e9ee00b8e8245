import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { inGroups, inputTokens } from './input-tokens.ts'
import type { Embeddings, EmbedJob } from './types.ts'
import { shapeVector } from './vector.ts'

/** Embeds a job's inputs on a runner, all or none. Throws EngineError, see Engine.embed. */
export async function embedInputs(
  job: EmbedJob,
  runner: Runner,
  signal: AbortSignal,
): Promise<Pick<Embeddings, 'vectors' | 'promptTokens'>> {
  let promptTokens = 0
  const vectors = await inGroups(job.inputs, signal, async (inputs) => {
    if (runner.embed === undefined) {
      throw new EngineError('unsupported', `"${job.rawName}" does not support embedding`)
    }
    const tokens = await Promise.all(inputs.map((input) => inputTokens(runner, input, job.truncate)))
    for (const list of tokens) promptTokens += list.length
    return runner.embed(tokens, signal)
  })
  const shape = { normalize: job.normalize, dimensions: job.dimensions }
  return { vectors: vectors.map((vector) => shapeVector(vector, shape)), promptTokens }
}
