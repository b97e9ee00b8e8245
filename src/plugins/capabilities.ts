import fp from 'fastify-plugin'
import type { Registries } from '../../engine/registry/types.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    engine: Engine
    models: ModelStore
    registries: Registries
  }
}

/** Gives every route what it stands on; closes it with the server. */
export const capabilitiesPlugin = fp<{ engine: Engine; models: ModelStore; registries: Registries }>(
  async (app, { engine, models, registries }) => {
    app.decorate('engine', engine)
    app.decorate('models', models)
    app.decorate('registries', registries)
    app.addHook('onClose', async () => {
      await Promise.all([engine.close(), registries.close()])
    })
  },
  { name: 'capabilities', fastify: '5.x' },
)
