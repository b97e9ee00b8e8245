import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { installBundledModel } from '../engine/store/bundled.ts'
import { SHAPE_SMALL, writeRandomModel } from '../test/helpers/random-model.ts'

export interface Front {
  url: string
  /** The server's process; its children hold the models. */
  pid: number
  /** What its heap holds after a garbage collection. Resident memory alone hides a leak in what is not collected yet. */
  liveBytes(): Promise<number>
  /** Ends it as a service manager would. Gives its exit status. */
  stop(): Promise<number | string>
}

const root = new URL('..', import.meta.url)

/** The built server with all its parts, but waiting less for the next load of a model that keeps dying. */
const PROGRAM = `
import { loadConfig } from 'dist/config/load.js'
import { createEngine } from 'dist/engine/engine.js'
import { createLoadPlanner } from 'dist/engine/planning/load-planner.js'
import { createEmbeddedBackend } from 'dist/engine/runner/embedded.js'
import { createPulls } from 'dist/engine/registry/pull.js'
import { openRegistries } from 'dist/engine/registry/registries.js'
import { openModelStore } from 'dist/engine/store/models.js'
import { buildApp } from 'dist/src/app.js'
import { listen } from 'dist/src/listen.js'
import { stopOnSignals } from 'dist/src/shutdown.js'
import { pino } from 'pino'

const logger = pino({ level: 'silent' })
const config = loadConfig(process.env)
const { modelsFolder: folder, threads, noPrune } = config
const models = await openModelStore({ folder, log: logger, noPrune, templates: 'jinja' })
const backend = createEmbeddedBackend({ threads, environment: config.engineEnvironment, log: logger })
const backOff = { firstMs: 5, longestMs: 50, healthyMs: 60_000 }
const ram = Number(process.env.BENCH_RAM)
const machine = { devices: [], ram: { totalBytes: ram, availableBytes: ram, reserveBytes: 0, bandwidth: 2e10 }, cores: 2 }
const readMachine = async () => ({ machine, notes: [] })
const planner = ram > 0 ? createLoadPlanner({ readMachine, settings: config }) : undefined
const engine = createEngine({ backend, settings: config, log: logger, backOff, planner })
const registries = openRegistries({ userAgent: 'snug/bench', ...config.registry })
const pulls = createPulls({ models, registries, log: logger })
const app = buildApp(config, { engine, models, registries, pulls, logger })
stopOnSignals({ stop: () => app.close(), timeoutMs: 20_000, logger })
process.on('SIGUSR2', () => {
  gc()
  const { heapUsed, external } = process.memoryUsage()
  console.log(heapUsed + external)
})
console.log(await listen(app, config))
`.replaceAll('dist/', new URL('dist/', root).href)

export interface FrontOptions {
  /** Requests a model serves at the same time. */
  parallel: number
  /** Further models by name: the files of their weights. */
  models?: Readonly<Record<string, string>>
  /** Main memory that loads are planned for, in bytes; absent plans nothing. */
  ramBytes?: number
}

/** Starts a server with the models `snug-tiny` and `endless`, which never stops by itself. Needs `dist/`. */
export async function startFront({ parallel, models = {}, ramBytes = 0 }: FrontOptions): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'snug-chaos-'))
  const log = { info() {}, warn() {} }
  const tiny = fileURLToPath(new URL('models/snug-tiny.gguf', root))
  await installBundledModel({ folder, name: 'snug-tiny', file: tiny, parameters: { temperature: 0 }, log })
  const endless = join(folder, 'endless.gguf')
  await writeRandomModel(endless, SHAPE_SMALL)
  for (const [name, file] of Object.entries({ ...models, endless })) {
    await installBundledModel({ folder, name, file, log })
  }
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', PROGRAM], {
    cwd: fileURLToPath(root),
    env: {
      PATH: process.env.PATH,
      OLLAMA_MODELS: folder,
      OLLAMA_HOST: '127.0.0.1:0',
      OLLAMA_NUM_PARALLEL: String(parallel),
      SNUG_THREADS: '1',
      BENCH_RAM: String(ramBytes),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the server has ended')
    return value
  }
  const url = await nextLine()
  if (child.pid === undefined) throw new Error('the server did not start')
  return {
    url,
    pid: child.pid,
    async liveBytes() {
      child.kill('SIGUSR2')
      return Number(await nextLine())
    },
    async stop() {
      child.kill('SIGTERM')
      const [code, signal] = await exit
      rmSync(folder, { recursive: true, force: true })
      return code ?? signal
    },
  }
}
