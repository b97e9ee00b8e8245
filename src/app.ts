import Fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { ModelStore } from '../engine/store/types.ts'
import type { Engine } from '../engine/types.ts'
import { ollamaRoutes } from '../routes/ollama/index.ts'
import { openaiRoutes } from '../routes/openai/index.ts'
import { capabilitiesPlugin } from './plugins/capabilities.ts'
import { drainPlugin } from './plugins/drain.ts'

/** What the routes stand on. */
export interface Deps {
  engine: Engine
  models: ModelStore
  logger: Logger
}

/** Wires the house. Pure assembly: no environment, no listening, so a test builds the same server. */
export function buildApp(config: { emulatedVersion: string }, deps: Deps): FastifyInstance {
  const app = Fastify({
    loggerInstance: deps.logger,
    bodyLimit: 512 * 1024 * 1024,
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
  })
  app.register(drainPlugin)
  app.register(capabilitiesPlugin, deps)
  app.register(ollamaRoutes, { version: config.emulatedVersion })
  app.register(openaiRoutes)
  return app as unknown as FastifyInstance
}
