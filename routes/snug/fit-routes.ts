import { type FastifyPluginAsyncZod, serializerCompiler } from 'fastify-type-provider-zod'
import type { Advise } from '../../engine/planning/advise.ts'
import { bodyCompiler } from '../ollama/body.ts'
import { ollamaError } from '../ollama/error.ts'
import { adviseOnFit, FitRequest } from './fit.ts'
import { FitReply } from './fit-reply.ts'

/** Advice on what fits, in Ollama's dialect: bodies, errors and units are read and said alike. */
export const fitRoutes: FastifyPluginAsyncZod<{ advise: Advise }> = async (app, { advise }) => {
  app.setErrorHandler(ollamaError)
  app.setValidatorCompiler(bodyCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body)
  app.addHook('onRequest', async (request) => {
    // A body is JSON whatever its label says.
    delete request.raw.headers['content-type']
  })

  app.post('/api/fit', { schema: { body: FitRequest, response: { 200: FitReply } } }, (req, reply) =>
    adviseOnFit(advise, req.body, reply),
  )
}
