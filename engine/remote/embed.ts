import { z } from 'zod'
import { inGroups } from '../embedding/input-tokens.ts'
import type { Embeddings, EmbedJob } from '../embedding/types.ts'
import { shapeVector } from '../embedding/vector.ts'
import { EngineError } from '../errors.ts'
import type { RemoteHttp } from './http.ts'
import type { Place } from './types.ts'

/** A group of the longest vectors there are, written in decimals, has some fifty megabytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

const Reply = z.object({
  data: z.array(z.object({ index: z.int().nonnegative(), embedding: z.array(z.number()).min(1) })),
  usage: z.object({ prompt_tokens: z.int().nonnegative() }).nullish(),
})

/** Embeds inputs on the server of a stub, all or none. Throws EngineError like `RemoteHttp.post`. */
export async function embedThere(
  http: RemoteHttp,
  place: Place,
  job: EmbedJob,
  signal: AbortSignal,
): Promise<Pick<Embeddings, 'vectors' | 'promptTokens'>> {
  let promptTokens = 0
  const vectors = await inGroups(job.inputs, signal, async (input) => {
    const body = { model: place.model, input, encoding_format: 'float' }
    const request = { place, path: '/v1/embeddings', body, accept: 'application/json' } as const
    const reply = read(await textOf(http.post(request, signal)))
    promptTokens += reply.usage?.prompt_tokens ?? 0
    const inOrder = reply.data.toSorted((a, b) => a.index - b.index)
    if (inOrder.some(({ index }, i) => index !== i) || inOrder.length !== input.length) {
      throw unreadable(`${inOrder.length} vectors for ${input.length} inputs`)
    }
    return inOrder.map(({ embedding }) => Float32Array.from(embedding))
  })
  const shape = { normalize: job.normalize, dimensions: job.dimensions }
  return { vectors: vectors.map((vector) => shapeVector(vector, shape)), promptTokens }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) throw unreadable(`more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function read(text: string): z.output<typeof Reply> {
  try {
    return Reply.parse(JSON.parse(text))
  } catch (cause) {
    throw unreadable('it is not what the API says', cause)
  }
}

const unreadable = (why: string, cause?: unknown) =>
  new EngineError('remote_failed', `the embeddings of the remote server cannot be used: ${why}`, { cause })
