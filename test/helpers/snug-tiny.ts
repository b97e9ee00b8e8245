import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import { createEmbeddedBackend, type EmbeddedOptions } from '../../engine/runner/embedded.ts'
import type { EngineSettings } from '../../engine/settings.ts'
import { installBundledModel } from '../../engine/store/bundled.ts'
import { openModelStore } from '../../engine/store/models.ts'
import { TEST_SETTINGS } from './app.ts'
import { tempFolder } from './fixtures.ts'

/** The weights that come with Snug. */
export const SNUG_TINY = fileURLToPath(new URL('../../models/snug-tiny.gguf', import.meta.url))

/** The real engine with the real bundled model, as a first start leaves it. `close` it. */
export async function openSnugTiny(
  folder: string,
  settings: Partial<EngineSettings> = {},
  options: Partial<EmbeddedOptions> = {},
) {
  const log = pino({ level: 'silent' })
  await installBundledModel({ folder, name: 'snug-tiny', file: SNUG_TINY, log })
  const models = await openModelStore({ folder, log, noPrune: true, templates: 'jinja' })
  const backend = createEmbeddedBackend({ threads: 1, log, ...options })
  const engine = createEngine({ backend, settings: { ...TEST_SETTINGS, ...settings }, log })
  return { engine, models, model: await models.find('snug-tiny'), log }
}

/** The same for one test, closed when it has finished. */
export async function snugTiny(settings: Partial<EngineSettings> = {}) {
  const opened = await openSnugTiny(await tempFolder(), settings)
  onTestFinished(() => opened.engine.close())
  return opened
}
