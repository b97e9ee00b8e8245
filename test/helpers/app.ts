import { join } from 'node:path'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createActivity } from '../../engine/activity.ts'
import { createEngine } from '../../engine/engine.ts'
import type { ReadInventory } from '../../engine/planning/inventory.ts'
import { createLoadPlanner } from '../../engine/planning/load-planner.ts'
import { createPreview } from '../../engine/planning/preview.ts'
import { createPullChoice } from '../../engine/planning/pull-choice.ts'
import type { ReadMachine } from '../../engine/planning/types.ts'
import { createVariants, withAutoTag } from '../../engine/planning/variants.ts'
import type { TemplateMode } from '../../engine/prompt/capabilities.ts'
import type { DownloadTuning } from '../../engine/registry/download/tuning.ts'
import { createPulls } from '../../engine/registry/pull.ts'
import { openRegistries, type RegistriesOptions } from '../../engine/registry/registries.ts'
import type { RemoteOptions } from '../../engine/remote/types.ts'
import type { EngineSettings } from '../../engine/settings.ts'
import { openModelStore } from '../../engine/store/models.ts'
import { buildApp } from '../../src/app.ts'
import { type FixtureRequest, installFixtures, tempFolder } from './fixtures.ts'
import { type Script, ScriptedBackend } from './scripted-backend.ts'

export interface TestAppOptions {
  script?: Partial<Script>
  settings?: Partial<EngineSettings>
  /** What is installed; everything the conformance cases name when left out. */
  models?: readonly FixtureRequest[]
  /** Keep blobs that nothing refers to; so it is when left out. */
  noPrune?: boolean
  /** Which kind of template writes prompts; as OLLAMA_GO_TEMPLATE when left out. */
  templates?: TemplateMode
  /** Settings of the app itself: host, allowed origins and so on. */
  app?: Partial<Parameters<typeof buildApp>[0]>
  /** The machine that loads are planned for; without one none is planned, and there is no advice. */
  readMachine?: ReadMachine
  /** How registries are dealt with. */
  registry?: Partial<RegistriesOptions>
  /** Which servers may run models, and how they are asked; none when left out. */
  remote?: Partial<RemoteOptions>
  /** How downloads pace themselves. */
  tuning?: DownloadTuning
  /** What the machine is made of; left out where models run elsewhere. */
  inventory?: ReadInventory
}

export const TEST_SETTINGS: EngineSettings = {
  keepAliveMs: 300_000,
  loadTimeoutMs: Infinity,
  contextLength: 4096,
  parallel: 1,
  maxLoadedModels: 3,
  maxQueue: 512,
  kvCacheType: 'f16',
  flashAttention: 'auto',
}

/** The whole server over real files and a scripted backend; closed when the test has finished. */
export async function testApp(options: TestAppOptions = {}) {
  const {
    script,
    settings,
    models = ALL,
    noPrune = true,
    templates = 'auto',
    app: change,
    registry,
    remote,
    tuning,
    inventory,
    readMachine,
  } = options
  const logger = pino({ level: 'silent' })
  const modelsFolder = await tempFolder()
  await installFixtures(modelsFolder, models)
  const store = await openModelStore({ folder: modelsFolder, log: logger, noPrune, templates })
  const backend = new ScriptedBackend(script)
  const own = { ...TEST_SETTINGS, ...settings }
  const planner = readMachine && createLoadPlanner({ readMachine, settings: own })
  const activity = createActivity()
  const engine = createEngine({
    backend,
    settings: own,
    log: logger,
    activity,
    ...(planner ? { planner } : {}),
    ...(remote ? { remote: { hosts: [], userAgent: 'snug/test', ...remote } } : {}),
  })
  const keyPath = join(await tempFolder(), 'id_ed25519')
  const registries = openRegistries({ userAgent: 'snug/test', keyPath, ...registry })
  const loaded = () => engine.loaded()
  const choosing = readMachine && { models: store, registries, readMachine, settings: own, loaded }
  const choosePull = choosing && createPullChoice({ ...choosing, patienceMs: 200 })
  const paced = tuning ? { tuning } : {}
  const pulls = createPulls({ models: store, registries, log: logger, ...paced, choose: choosePull })
  const choose = choosing && createVariants(choosing)
  const app = buildApp(
    { emulatedVersion: '0.33.0', ...change },
    {
      engine,
      activity,
      models: choose ? withAutoTag(store, choose) : store,
      registries,
      pulls,
      logger,
      ...(inventory ? { inventory } : {}),
      ...(readMachine && { readMachine }),
      ...(planner && { previewLoad: createPreview({ planner, settings: own, loaded, patienceMs: 10_000 }) }),
    },
  )
  onTestFinished(() => app.close())
  await app.ready()
  let listening: Promise<string> | undefined
  return {
    app,
    backend,
    engine,
    activity,
    store,
    modelsFolder,
    /** Listens on a free port the first time; the server's address. */
    url: () => {
      listening ??= app.listen({ host: '127.0.0.1', port: 0 })
      return listening
    },
  }
}

const ALL: readonly FixtureRequest[] = [
  'tiny',
  'tinysys',
  'msg',
  'jinja',
  'bert',
  'rank',
  'fim',
  'tool',
  'think',
  'img',
]
