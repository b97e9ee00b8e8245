import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/load.ts'
import { createActivity } from '../engine/activity.ts'
import { createEngine } from '../engine/engine.ts'
import { openHistory } from '../engine/planning/history-file.ts'
import { createLoadPlanner } from '../engine/planning/load-planner.ts'
import { createObserver, measurementsFor } from '../engine/planning/observer.ts'
import { createPreview } from '../engine/planning/preview.ts'
import { createPullChoice } from '../engine/planning/pull-choice.ts'
import type { Measurements } from '../engine/planning/types.ts'
import { createVariants, withAutoTag } from '../engine/planning/variants.ts'
import { createPulls } from '../engine/registry/pull.ts'
import { createEmbeddedBackend } from '../engine/runner/embedded.ts'
import { installBundledModel } from '../engine/store/bundled.ts'
import { openModelStore } from '../engine/store/models.ts'
import type { Deps } from './app.ts'
import { openMachine } from './machine.ts'
import { PACKAGE_ROOT } from './package-root.ts'
import { openConfiguredRegistries } from './registries.ts'
import { StartError } from './start-error.ts'
import { stateFile } from './state-file.ts'
import { SNUG_VERSION } from './version.ts'

/** Builds the real store and the real engine. The only place that does. Throws StartError. */
export async function createDeps(config: Config, logger: Logger): Promise<Deps> {
  const { modelsFolder: folder, noPrune, templates, threads, libraryDir } = config
  const file = join(PACKAGE_ROOT, 'models', 'snug-tiny.gguf')
  try {
    // So small a model says the likeliest thing or nonsense; a request may still ask for more variety.
    await installBundledModel({
      folder,
      name: 'snug-tiny',
      file,
      parameters: { temperature: 0 },
      log: logger,
    })
  } catch (error) {
    // A folder that can only be read is a fine place to serve models from.
    logger.warn({ err: error, folder }, 'the bundled model could not be installed')
  }
  const models = await openModelStore({ folder, log: logger, noPrune, templates }).catch(refuse)
  const backend = createEmbeddedBackend({
    threads,
    environment: config.engineEnvironment,
    log: logger,
    ...(libraryDir === undefined ? {} : { libraryDir }),
  })
  const registries = openConfiguredRegistries(config)
  const activity = createActivity()
  const { readMachine, inventory } = await openMachine(config, backend)
  const history = await openHistory({ path: stateFile(config, 'history'), log: logger })
  const measurements: Measurements = (machine, paths) => measurementsFor(history, machine, paths)
  const observer = createObserver({ history })
  let gpus = 0
  const counted = async () => {
    const now = await readMachine()
    gpus = now.machine.devices.length
    return now
  }
  const planner = createLoadPlanner({ readMachine: counted, settings: config, measurements })
  const engine = createEngine({
    backend: observer.backend(backend),
    planner: observer.planner(planner),
    settings: config,
    log: logger,
    gpuCount: () => gpus,
    activity,
    remote: { ...config.remotes, proxies: config.registry.proxies, userAgent: `snug/${SNUG_VERSION}` },
  })
  const loaded = () => engine.loaded()
  const choose = createPullChoice({ models, registries, readMachine, settings: config, loaded })
  const pulls = createPulls({ models, registries, log: logger, choose })
  const variants = createVariants({ models, readMachine, settings: config, loaded })
  const previewLoad = createPreview({ planner, settings: config, loaded })
  return {
    engine,
    activity,
    models: withAutoTag(models, variants),
    registries,
    pulls,
    logger,
    readMachine,
    inventory,
    previewLoad,
    history,
    measurements,
  }
}

function refuse(cause: Error): never {
  const advice = 'Set OLLAMA_MODELS to another'
  throw new StartError(`the models folder cannot be used: ${cause.message}. ${advice}`, { cause })
}
