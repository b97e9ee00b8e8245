import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Embeddings, EmbedJob } from '../../engine/embedding/types.ts'
import { EngineError, type EngineErrorCode } from '../../engine/errors.ts'
import { parseOptions } from '../../engine/options.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'
import { askerOf } from '../wire/asker.ts'
import { RequestError } from '../wire/problem.ts'
import { announceChoice, jobSignal } from '../wire/run-job.ts'
import { summarise } from '../wire/vectors.ts'
import { text } from './fields.ts'
import { jobFields } from './job-fields.ts'
import { embeddingWording, findModel, refuseStub } from './lookup.ts'

const { model, options, keep_alive } = jobFields

export const EmbeddingsRequest = z
  .object({
    model,
    prompt: text().describe('Empty only loads the model'),
    options,
    keep_alive,
  })
  .meta({ id: 'OllamaEmbeddingsRequest', title: 'EmbeddingRequest' })
export type EmbeddingsRequest = z.output<typeof EmbeddingsRequest>

/** Answers POST /api/embeddings, the older endpoint: one text, nothing truncated (server/routes.go). */
export async function embeddings(
  { engine, models }: { engine: Engine; models: ModelStore },
  body: EmbeddingsRequest,
  reply: FastifyReply,
): Promise<object> {
  if (body.model === '') throw new RequestError(400, 'model is required')
  // Before the first wait: a client that leaves meanwhile would go unnoticed.
  const signal = jobSignal(reply)
  const found = await findModel(models, body.model, embeddingWording(body.model))
  refuseStub(engine, found, body.model)
  const job: EmbedJob = {
    ...askerOf(reply),
    model: found.model,
    rawName: body.model,
    inputs: [body.prompt],
    options: parseOptions(body.options ?? {}),
    ...(body.keep_alive === undefined ? {} : { keepAliveMs: body.keep_alive }),
    truncate: false,
    normalize: !givesRawValues(found.model),
  }
  announceChoice(reply, job)
  if (body.prompt === '') {
    await engine.load(job, signal)
    return { embedding: [] }
  }
  const result = await asEngineFault(() => engine.embed(job, signal))
  summarise(reply, found.model, result)
  // As doubles, which is what this endpoint's numbers are in Ollama.
  return { embedding: result.vectors.flatMap((vector) => Array.from(vector)) }
}

/** Families whose vectors this endpoint gave as the model made them from the start; clients may rely on it. */
const RAW = new Set(['bert', 'nomic-bert', 'nomic-bert-moe'])

const givesRawValues = (model: InstalledModel): boolean => RAW.has(model.facts?.architecture ?? '')

/** What /api/embed blames on the input, this endpoint blames on the engine: 500 for all of it. */
const FAULTS: ReadonlySet<EngineErrorCode> = new Set(['context_overflow', 'bad_embedding', 'bad_request'])

async function asEngineFault(work: () => Promise<Embeddings>): Promise<Embeddings> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof EngineError && FAULTS.has(error.code)) throw new RequestError(500, error.message)
    throw error
  }
}
