import fp from 'fastify-plugin'
import type { ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    engine: Engine
    models: ModelStore
  }
}

/** Gives every route the engine and the models on disk; closes the engine with the server. */
export const capabilitiesPlugin = fp<{ engine: Engine; models: ModelStore }>(
  async (app, { engine, models }) => {
    app.decorate('engine', engine)
    app.decorate('models', models)
    app.addHook('onClose', () => engine.close())
  },
  { name: 'capabilities', fastify: '5.x' },
)
