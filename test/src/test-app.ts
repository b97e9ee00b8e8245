import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createActivity } from '../../engine/activity.ts'
import { EngineError } from '../../engine/errors.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'
import { type AppConfig, buildApp } from '../../src/app.ts'
import { NO_PULLS, NO_REGISTRIES, NO_STORE } from '../helpers/store.ts'

const notFound = async () => {
  throw new EngineError('model_not_found', 'model not found')
}

const NO_MODELS: ModelStore = {
  ...NO_STORE,
  list: async () => [],
  find: notFound,
  details: notFound,
  delete: notFound,
}

const unused = () => {
  throw new Error('no test of src/ asks the engine for an answer')
}

const IDLE_ENGINE: Engine = {
  run: unused,
  embed: unused,
  rerank: unused,
  check: unused,
  render: unused,
  load: unused,
  unload: unused,
  refusal: () => undefined,
  loaded: () => [],
  loading: () => [],
  pulse: async () => ({ loaded: 0, loading: 0, waiting: 0 }),
  probe: async () => [],
  close: async () => {},
}

/** The whole server without models. Its log goes to `log`, one object a line. */
export async function testApp(config: Partial<AppConfig> = {}, log: object[] = []) {
  const logger = pino({ level: 'trace' }, { write: (line: string) => log.push(JSON.parse(line)) })
  const deps = {
    engine: IDLE_ENGINE,
    activity: createActivity(),
    models: NO_MODELS,
    registries: NO_REGISTRIES,
    pulls: NO_PULLS,
    logger,
  }
  const app = buildApp({ emulatedVersion: '0.33.0', ...config }, deps)
  onTestFinished(() => app.close())
  await app.ready()
  return app
}
