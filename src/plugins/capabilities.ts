import fp from 'fastify-plugin'
import type { CreateModel } from '../../engine/create/types.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    engine: Engine
    models: ModelStore
    createModel: CreateModel
  }
}

/** Gives every route the engine, the models on disk and their maker; closes the engine with the server. */
export const capabilitiesPlugin = fp<{ engine: Engine; models: ModelStore; create: CreateModel }>(
  async (app, { engine, models, create }) => {
    app.decorate('engine', engine)
    app.decorate('models', models)
    app.decorate('createModel', create)
    app.addHook('onClose', () => engine.close())
  },
  { name: 'capabilities', fastify: '5.x' },
)
