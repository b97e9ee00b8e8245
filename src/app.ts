import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config/load.ts'
import { parseOrigins } from '../config/origins.ts'
import { type Activity, createActivity } from '../engine/activity.ts'
import { createModels } from '../engine/create/create.ts'
import { availableMemory } from '../engine/hardware/memory.ts'
import { createAdvisor, settingsAsWishes } from '../engine/planning/advise.ts'
import { deviceByName } from '../engine/planning/device-by-name.ts'
import type { HistoryFile } from '../engine/planning/history-file.ts'
import type { ReadInventory } from '../engine/planning/inventory.ts'
import type { PreviewLoad } from '../engine/planning/preview.ts'
import { createQuantizationChoice } from '../engine/planning/quantization-choice.ts'
import { createTargets } from '../engine/planning/targets/find.ts'
import type { Measurements, ReadMachine } from '../engine/planning/types.ts'
import type { Pulls } from '../engine/registry/pull.ts'
import type { Registries } from '../engine/registry/types.ts'
import type { ModelStore } from '../engine/store/types.ts'
import type { Engine } from '../engine/types.ts'
import { ollamaRoutes } from '../routes/ollama/index.ts'
import { openaiRoutes } from '../routes/openai/index.ts'
import { createEventFeed } from '../routes/snug/event-feed.ts'
import { eventRoutes } from '../routes/snug/events.ts'
import { fitRoutes } from '../routes/snug/fit-routes.ts'
import { healthRoutes } from '../routes/snug/health.ts'
import { frameworkError } from './framework-error.ts'
import { accessLogPlugin } from './plugins/access-log.ts'
import { capabilitiesPlugin } from './plugins/capabilities.ts'
import { drainPlugin } from './plugins/drain.ts'
import { openapiPlugin } from './plugins/openapi.ts'
import { originGuardPlugin } from './plugins/origin-guard.ts'
import { newRequestId, requestIdPlugin } from './plugins/request-id.ts'
import { withoutExtraSlashes } from './slashes.ts'
import { SNUG_VERSION } from './version.ts'

/** What the routes stand on. */
export interface Deps {
  engine: Engine
  /** What the engine reports to; without it clients of /api/events see nothing but speeds and memory. */
  activity?: Activity
  models: ModelStore
  registries: Registries
  pulls: Pulls
  /** The machine with what is free on it; absent where models run elsewhere. */
  readMachine?: ReadMachine
  /** What the machine is made of and what of it is used; absent where models run elsewhere. */
  inventory?: ReadInventory
  /** How a model would be loaded; absent where nothing is planned. */
  previewLoad?: PreviewLoad
  /** What was measured of models, on disk when the server has closed. */
  history?: Pick<HistoryFile, 'flush'>
  /** The same for advice. */
  measurements?: Measurements
  logger: Logger
}

/** Without a host the server counts as one on loopback, and without origins only local pages may use it. */
export type AppConfig = Pick<Config, 'emulatedVersion'> &
  Partial<Pick<Config, 'host' | 'origins' | 'rawCompletions' | 'contextLength' | 'parallel' | 'kvCacheType'>>

/** Wires the house. Pure assembly: no environment, no listening, so a test builds the same server. */
export function buildApp(config: AppConfig, deps: Deps): FastifyInstance {
  const { emulatedVersion, host = '127.0.0.1', origins = parseOrigins(''), rawCompletions = false } = config
  const app = Fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    bodyLimit: 512 * 1024 * 1024,
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
    // A model's name may be a path parameter: four parts of up to 350 characters, percent-encoded.
    routerOptions: { maxParamLength: 4096 },
    rewriteUrl: ({ url = '/' }) => withoutExtraSlashes(url),
    frameworkErrors: frameworkError,
    // The drain plugin says it in the words of each dialect.
    return503OnClosing: false,
  })
  app.register(requestIdPlugin)
  app.register(accessLogPlugin)
  app.register(drainPlugin)
  app.register(originGuardPlugin, { host, origins })
  app.register(openapiPlugin, { version: SNUG_VERSION })
  const { readMachine } = deps
  const create = createModels({
    models: deps.models,
    quantize: deps.engine.quantize,
    chooseType: readMachine && createQuantizationChoice({ readMachine, loaded: () => deps.engine.loaded() }),
    pull: (wanted, signal) => deps.pulls.pull({ ...wanted, insecure: false }, signal),
  })
  app.register(capabilitiesPlugin, { ...deps, create })
  app.register(healthRoutes)
  const { engine, activity = createActivity() } = deps
  app.register(eventRoutes, { feed: createEventFeed({ engine, activity, availableBytes: availableMemory }) })
  app.register(ollamaRoutes, { version: emulatedVersion })
  app.register(openaiRoutes, { rawCompletions })
  if (readMachine !== undefined) {
    const targets = createTargets({ ...deps, isLocal: false })
    const defaults = settingsAsWishes(config)
    const { measurements } = deps
    const measured = measurements === undefined ? {} : { measurements }
    const advise = createAdvisor({ targets, readMachine, deviceByName, defaults, ...measured })
    app.register(fitRoutes, { advise })
  }
  return app as unknown as FastifyInstance
}
