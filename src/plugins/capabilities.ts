import fp from 'fastify-plugin'
import type { CreateModel } from '../../engine/create/types.ts'
import type { HistoryFile } from '../../engine/planning/history-file.ts'
import type { ReadInventory } from '../../engine/planning/inventory.ts'
import type { PreviewLoad } from '../../engine/planning/preview.ts'
import type { ReadMachine } from '../../engine/planning/types.ts'
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
    readMachine: ReadMachine | undefined
    inventory: ReadInventory | undefined
    createModel: CreateModel
    previewLoad: PreviewLoad | undefined
  }
}

export interface Capabilities {
  engine: Engine
  models: ModelStore
  registries: Registries
  pulls: Pulls
  readMachine?: ReadMachine
  inventory?: ReadInventory
  history?: Pick<HistoryFile, 'flush'>
  create: CreateModel
  previewLoad?: PreviewLoad
}

/** Gives every route what it stands on; closes it with the server. */
export const capabilitiesPlugin = fp<Capabilities>(
  async (
    app,
    { engine, models, registries, pulls, readMachine, inventory, history, create, previewLoad },
  ) => {
    app.decorate('engine', engine)
    app.decorate('models', models)
    app.decorate('registries', registries)
    app.decorate('pulls', pulls)
    app.decorate('readMachine', readMachine)
    app.decorate('inventory', inventory)
    app.decorate('createModel', create)
    app.decorate('previewLoad', previewLoad)
    app.addHook('onClose', async () => {
      await Promise.all([
        engine.close().then(() => history?.flush()),
        pulls.close().then(() => registries.close()),
      ])
    })
  },
  { name: 'capabilities', fastify: '5.x' },
)
