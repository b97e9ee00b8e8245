import fp from 'fastify-plugin'
import type { Pulls } from '../../engine/registry/pull.ts'
import type { Registries } from '../../engine/registry/types.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    engine: Engine
    models: ModelStore
    registries: Registries
    pulls: Pulls
  }
}

/** Gives every route what it stands on; closes it with the server. */
export const capabilitiesPlugin = fp<{
  engine: Engine
  models: ModelStore
  registries: Registries
  pulls: Pulls
}>(
  async (app, { engine, models, registries, pulls }) => {
    app.decorate('engine', engine)
    app.decorate('models', models)
    app.decorate('registries', registries)
    app.decorate('pulls', pulls)
    app.addHook('onClose', async () => {
      await Promise.all([engine.close(), pulls.close().then(() => registries.close())])
    })
  },
  { name: 'capabilities', fastify: '5.x' },
)
