import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { chat } from './chat.ts'
import { ChatRequest } from './chat-job.ts'
import { completions } from './completions.ts'
import { CompletionsRequest } from './completions-job.ts'
import { EmbeddingsRequest, embeddings } from './embeddings.ts'
import { openaiError, sharedError } from './error.ts'
import { listModels, retrieveModel } from './models.ts'
import { acceptJsonBodies } from './request-body.ts'
import { RerankRequest, rerank } from './rerank.ts'
import { refuseUnknownPaths } from './unknown-path.ts'
import { validatorCompiler } from './validate.ts'

interface OpenAIOptions {
  /** Text completions go without the chat template unless a request says otherwise. */
  rawCompletions: boolean
}

/** OpenAI's dialect under /v1, and without that prefix where llama-server has it so. */
export const openaiRoutes: FastifyPluginAsyncZod<OpenAIOptions> = async (app, { rawCompletions }) => {
  acceptJsonBodies(app)
  app.setValidatorCompiler(validatorCompiler)
  app.register(inferenceRoutes, { rawCompletions })
  app.register(modelListRoutes)
  app.register(v1Routes, { prefix: '/v1', rawCompletions })
  // Cohere's second version differs in nothing that is looked at here.
  app.register(rerankRoutes, { prefix: '/v2' })
}

const v1Routes: FastifyPluginAsyncZod<OpenAIOptions> = async (app, { rawCompletions }) => {
  app.setErrorHandler(sharedError)
  refuseUnknownPaths(app)
  app.register(inferenceRoutes, { rawCompletions })
  app.register(modelListRoutes)
  // A wildcard: names have slashes, percent-encoded by the client libraries and bare from curl.
  app.get('/models/*', { schema: { params: z.object({ '*': z.string() }) } }, (req) =>
    retrieveModel(app.models, app.engine, req.params['*']),
  )
}

const inferenceRoutes: FastifyPluginAsyncZod<OpenAIOptions> = async (app, { rawCompletions }) => {
  app.setErrorHandler(openaiError)
  app.post('/chat/completions', { schema: { body: ChatRequest } }, (req, reply) => chat(req.body, reply))
  app.post('/completions', { schema: { body: CompletionsRequest } }, (req, reply) =>
    completions(req.body, reply, rawCompletions),
  )
  app.post('/embeddings', { schema: { body: EmbeddingsRequest } }, (req, reply) =>
    embeddings(req.body, reply),
  )
  app.register(rerankRoutes)
}

/** The addresses of llama-server, Jina, Cohere and vLLM. */
const rerankRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setErrorHandler(openaiError)
  for (const path of ['/rerank', '/reranking']) {
    app.post(path, { schema: { body: RerankRequest } }, (req, reply) => rerank(req.body, reply))
  }
}

const modelListRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setErrorHandler(sharedError)
  app.get('/models', () => listModels(app.models, app.engine))
}
