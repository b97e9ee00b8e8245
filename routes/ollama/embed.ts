import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { EmbedJob } from '../../engine/embedding/types.ts'
import { parseOptions } from '../../engine/options.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'
import { msToNs } from '../../formats/timestamps.ts'
import { askerOf } from '../wire/asker.ts'
import { RequestError } from '../wire/problem.ts'
import { announceChoice, jobSignal } from '../wire/run-job.ts'
import { summarise, toNumbers } from '../wire/vectors.ts'
import { flag, integer } from './fields.ts'
import { jobFields } from './job-fields.ts'
import { embeddingWording, orNotFound, readModelRef, refuseStub } from './lookup.ts'
import { omitEmpty } from './omit-empty.ts'

const { model, options, keep_alive } = jobFields

export const EmbedRequest = z
  .object({
    model,
    input: z.unknown().optional().describe('A text or a list of texts; nothing only loads the model'),
    truncate: flag(true).describe('Leave out the end of an input that is too long, instead of refusing it'),
    dimensions: integer().describe('Keep only the first numbers of each vector'),
    options,
    keep_alive,
  })
  .meta({ id: 'OllamaEmbedRequest', title: 'EmbedRequest' })
export type EmbedRequest = z.output<typeof EmbedRequest>

/** Answers POST /api/embed. The order of the checks is Ollama's (server/routes.go, EmbedHandler). */
export async function embed(
  { engine, models }: { engine: Engine; models: ModelStore },
  body: EmbedRequest,
  reply: FastifyReply,
): Promise<object> {
  if (body.model === '') throw new RequestError(404, "model '' not found")
  // Before the first wait: a client that leaves meanwhile would go unnoticed.
  const signal = jobSignal(reply)
  const wording = embeddingWording(body.model)
  const ref = readModelRef(body.model, wording)
  const inputs = readInputs(body.input)
  const installed = await orNotFound(() => models.find(ref.name), wording)
  refuseStub(engine, { model: installed, ref }, body.model)
  const job: EmbedJob = {
    ...askerOf(reply),
    model: installed,
    rawName: body.model,
    inputs,
    options: parseOptions(body.options ?? {}),
    ...(body.keep_alive === undefined ? {} : { keepAliveMs: body.keep_alive }),
    truncate: body.truncate,
    normalize: true,
    ...(body.dimensions === undefined ? {} : { dimensions: body.dimensions }),
  }
  announceChoice(reply, job)
  if (inputs.length === 0) {
    await engine.load(job, signal)
    return { model: body.model, embeddings: [] }
  }
  const embeddings = await engine.embed(job, signal)
  summarise(reply, installed, embeddings)
  return {
    model: body.model,
    embeddings: await toNumbers(embeddings.vectors),
    ...omitEmpty({
      total_duration: msToNs(embeddings.totalMs),
      load_duration: msToNs(embeddings.loadMs),
      prompt_eval_count: embeddings.promptTokens,
    }),
  }
}

/** A single empty text asks for nothing; in a list it is an input like any other. Throws RequestError 400. */
function readInputs(input: unknown): string[] {
  if (input === undefined || input === null || input === '') return []
  const inputs: unknown = typeof input === 'string' ? [input] : input
  if (Array.isArray(inputs) && inputs.every((item) => typeof item === 'string')) return inputs
  throw new RequestError(400, 'invalid input type')
}
