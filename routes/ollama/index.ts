import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { cloudStatus, signOut, whoAmI } from './account.ts'
import { blobRoutes } from './blobs.ts'
import { bodyCompiler } from './body.ts'
import { ChatRequest, chat } from './chat.ts'
import { CopyRequest, copyModel } from './copy.ts'
import { CreateRequest, create } from './create.ts'
import { EmbedRequest, embed } from './embed.ts'
import { EmbeddingsRequest, embeddings } from './embeddings.ts'
import { ollamaError } from './error.ts'
import { GenerateRequest, generate } from './generate.ts'
import { DeleteRequest, deleteModel, listLoaded, listModels } from './models.ts'
import { PullRequest, pull } from './pull.ts'
import { PushRequest, push } from './push.ts'
import { ShowRequest, show } from './show.ts'
import { answerUnknownPaths } from './unknown-path.ts'

/** Only routes with a HEAD in Ollama's table have one here. */
const GET_ONLY = { exposeHeadRoute: false }

/** Ollama's dialect. `version` is the Ollama release that clients are told. */
export const ollamaRoutes: FastifyPluginAsyncZod<{ version: string }> = async (app, { version }) => {
  app.setErrorHandler(ollamaError)
  app.setValidatorCompiler(bodyCompiler)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body)
  app.addHook('onRequest', async (request) => {
    // A body is JSON whatever its label says, so a malformed label must not be looked at either.
    delete request.raw.headers['content-type']
  })
  answerUnknownPaths(app)

  app.get('/', (_req, reply) => reply.type('text/plain; charset=utf-8').send('Ollama is running'))
  app.get('/api/version', () => ({ version }))
  app.get('/api/status', GET_ONLY, cloudStatus)
  app.get('/api/tags', () => listModels(app.models))
  app.get('/api/ps', GET_ONLY, () => listLoaded(app.engine, app.inventory))
  app.post('/api/show', { schema: { body: ShowRequest } }, (req) => show(app, req.body, req.headers))
  app.post('/api/generate', { schema: { body: GenerateRequest } }, (req, reply) =>
    generate(app, req.body, reply),
  )
  app.post('/api/chat', { schema: { body: ChatRequest } }, (req, reply) => chat(app, req.body, reply))
  app.post('/api/embed', { schema: { body: EmbedRequest } }, (req, reply) => embed(app, req.body, reply))
  app.post('/api/embeddings', { schema: { body: EmbeddingsRequest } }, (req, reply) =>
    embeddings(app, req.body, reply),
  )
  app.post('/api/copy', { schema: { body: CopyRequest } }, (req, reply) =>
    copyModel(app.models, req.body, reply),
  )
  app.post('/api/create', { schema: { body: CreateRequest } }, (req, reply) =>
    create(app.createModel, req.body, reply),
  )
  app.register(blobRoutes)
  app.delete('/api/delete', { schema: { body: DeleteRequest } }, (req, reply) =>
    deleteModel(app.models, req.body, reply),
  )
  app.post('/api/pull', { schema: { body: PullRequest } }, (req, reply) => pull(app.pulls, req.body, reply))
  app.post('/api/push', { schema: { body: PushRequest } }, (req, reply) => push(app, req.body, reply))
  app.post('/api/me', whoAmI)
  app.post('/api/signout', signOut)
}
