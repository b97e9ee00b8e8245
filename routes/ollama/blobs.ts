import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FastifyPluginAsyncZod, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { canonicalDigest } from '../../engine/store/digest.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import { goQuote } from '../../formats/go-quote.ts'
import { RequestError } from '../wire/problem.ts'

const BlobParams = z.object({ digest: z.string().describe('`sha256:` and 64 hex digits') })

/** Files for models to be made from. A scope of its own: these bodies are read as they come, whatever their type. */
export const blobRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setValidatorCompiler(validatorCompiler)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async () => undefined)

  app.head('/api/blobs/:digest', { schema: { params: BlobParams } }, async (req, reply) => {
    const isStored = await app.models.hasBlob(canonicalDigest(req.params.digest))
    return reply.code(isStored ? 200 : 404).send()
  })
  app.post('/api/blobs/:digest', { schema: { params: BlobParams } }, (req, reply) =>
    storeBlob(app.models, req.params.digest, req, reply),
  )
}

/** Stores the body, hashing it as it is written. What is broken off leaves nothing behind. */
async function storeBlob(
  models: ModelStore,
  digest: string,
  { raw }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const expected = canonicalDigest(digest)
    if (await models.hasBlob(expected)) return reply.code(200).send()
    // A failure to write must not end the connection: the client is to hear of it.
    const stored = await models.putBlob(raw.iterator({ destroyOnReturn: false }))
    if (stored.digest === expected) return reply.code(201).send()
    const words = `digest mismatch, expected ${goQuote(digest)}, got ${goQuote(stored.digest)}`
    throw new RequestError(400, words)
  } finally {
    // The rest of a body that nobody wants is read all the same: many clients look for the answer only then.
    raw.resume()
  }
}
