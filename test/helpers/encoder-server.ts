import { join } from 'node:path'
import { pino } from 'pino'
import { createEngine } from '../../engine/engine.ts'
import { createEmbeddedBackend } from '../../engine/runner/embedded.ts'
import { installBundledModel } from '../../engine/store/bundled.ts'
import { openModelStore } from '../../engine/store/models.ts'
import { buildApp } from '../../src/app.ts'
import { TEST_SETTINGS } from './app.ts'
import { type POOLING_TYPE, writeRandomEncoder } from './random-encoder.ts'
import { NO_PULLS, NO_REGISTRIES } from './store.ts'

/**
 * The whole server with real runners and random encoders in `folder`, each under the name of its pooling.
 * `close` it.
 */
export async function openEncoderServer(folder: string, models: readonly (keyof typeof POOLING_TYPE)[]) {
  const log = pino({ level: 'silent' })
  for (const name of models) {
    const file = join(folder, `${name}.gguf`)
    await writeRandomEncoder(file, name)
    await installBundledModel({ folder, name, file, log })
  }
  const store = await openModelStore({ folder, log, noPrune: true, templates: 'jinja' })
  const engine = createEngine({
    backend: createEmbeddedBackend({ threads: 1, log }),
    settings: TEST_SETTINGS,
    log,
  })
  return {
    app: buildApp(
      { emulatedVersion: '0.33.0' },
      { engine, models: store, registries: NO_REGISTRIES, pulls: NO_PULLS, logger: log },
    ),
    engine,
  }
}
