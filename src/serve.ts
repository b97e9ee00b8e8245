import type { Config } from '../config/load.ts'
import { buildApp } from './app.ts'
import { createDeps } from './deps.ts'
import { listen } from './listen.ts'
import { createLogger } from './logger.ts'
import { reportMachine } from './report-machine.ts'
import { exitOnFatal, stopOnSignals } from './shutdown.ts'
import { SNUG_VERSION } from './version.ts'

/** Starts the server and returns once it listens; it runs until a signal ends the process. Throws StartError. */
export async function serve(config: Config): Promise<void> {
  const logger = createLogger(config, process.stderr.isTTY === true)
  for (const warning of config.warnings) logger.warn(warning)
  const deps = await createDeps(config, logger)
  const app = buildApp(config, deps)
  const stopping = new AbortController()
  const stop = () => {
    stopping.abort()
    return app.close()
  }
  exitOnFatal(() => deps.engine.close(), logger)
  stopOnSignals({ stop, timeoutMs: config.shutdownTimeoutMs, logger })
  try {
    const url = await listen(app, config)
    process.stdout.write(greeting(url, config.modelsFolder))
    // Drivers take their time; nobody has to wait for them before a model is asked for.
    if (deps.inventory !== undefined) void reportMachine(deps.inventory, logger, stopping.signal)
  } catch (error) {
    await stop()
    throw error
  }
}

/** The first thing a newcomer reads: where it is, what it serves, and one line to paste. */
function greeting(url: string, modelsFolder: string): string {
  const body = JSON.stringify({ model: 'snug-tiny', messages: [{ role: 'user', content: 'Hello!' }] })
  return `Snug ${SNUG_VERSION} is listening on ${url}
Models: ${modelsFolder}
Try:    curl ${url}/api/chat -d '${body}'
`
}
