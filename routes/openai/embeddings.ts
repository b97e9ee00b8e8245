import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { EmbedJob } from '../../engine/embedding/types.ts'
import { parseOptions } from '../../engine/options.ts'
import { askerOf } from '../wire/asker.ts'
import { maybe } from '../wire/maybe.ts'
import { announceChoice, jobSignal } from '../wire/run-job.ts'
import { summarise, toNumbers } from '../wire/vectors.ts'
import { jobFields, KeepAlive } from './job-fields.ts'
import { findForEmbedding } from './lookup.ts'
import { isText, isTokens } from './prompts.ts'

type Inputs = EmbedJob['inputs']

/** All four forms: a text, texts, tokens, lists of tokens. The messages are Ollama's (middleware/openai.go). */
const Inputs = z
  .unknown()
  .optional()
  .transform((value, context): Inputs => {
    const isNothing = (value ?? undefined) === undefined || (Array.isArray(value) && value.length === 0)
    const inputs = isNothing ? undefined : readInputs(value)
    if (inputs !== undefined) return inputs
    context.addIssue({ code: 'custom', message: isNothing ? 'invalid input' : 'invalid input type' })
    return z.NEVER
  })

function readInputs(value: unknown): Inputs | undefined {
  if (typeof value === 'string' || isTokens(value)) return [value]
  if (!Array.isArray(value)) return undefined
  return value.every(isText) || value.every(isTokens) ? value : undefined
}

const EncodingFormat = z.string().transform((value, context): 'float' | 'base64' => {
  const format = value.toLowerCase()
  if (format === 'float' || format === 'base64') return format
  context.addIssue({
    code: 'custom',
    message: `Invalid value for 'encoding_format' = ${value}. Supported values: ['float', 'base64'].`,
  })
  return z.NEVER
})

/** The body of POST /v1/embeddings. Whatever is not here is ignored. */
export const EmbeddingsRequest = z
  .object({
    model: jobFields.model,
    input: Inputs,
    encoding_format: maybe(EncodingFormat),
    dimensions: maybe(z.int().min(1)).describe('Keep only the first numbers of each vector'),
    truncate: maybe(z.boolean()).describe('Extension: false refuses an input that is too long'),
    keep_alive: KeepAlive.describe('Extension: how long to keep the model loaded'),
    options: jobFields.options,
  })
  .meta({ id: 'OpenAIEmbeddingsRequest' })
export type EmbeddingsRequest = z.infer<typeof EmbeddingsRequest>

/** POST /v1/embeddings. */
export async function embeddings(body: EmbeddingsRequest, reply: FastifyReply) {
  // Before the first wait: a client that leaves meanwhile would go unnoticed.
  const signal = jobSignal(reply)
  const model = await findForEmbedding(reply.server, body.model)
  const job: EmbedJob = {
    ...askerOf(reply),
    model,
    rawName: body.model,
    inputs: body.input,
    options: parseOptions(body.options ?? {}),
    keepAliveMs: body.keep_alive,
    truncate: body.truncate ?? true,
    normalize: true,
    dimensions: body.dimensions,
  }
  announceChoice(reply, job)
  const result = await reply.server.engine.embed(job, signal)
  summarise(reply, model, result)
  const written =
    body.encoding_format === 'base64' ? result.vectors.map(toBase64) : await toNumbers(result.vectors)
  return {
    object: 'list',
    data: written.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    model: body.model,
    usage: { prompt_tokens: result.promptTokens, total_tokens: result.promptTokens },
  }
}

/** Float32 in little-endian order, which is that of every processor with a llama.cpp package. */
const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')
