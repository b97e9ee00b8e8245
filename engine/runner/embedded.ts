import type { Backend, Runner } from '../backend.ts'
import type { Log } from '../log.ts'
import { startRunner } from './client.ts'
import { devicesInChild } from './devices.ts'
import type { HeartbeatTimes } from './heartbeat.ts'
import { quantizeInChild } from './quantize.ts'

export interface EmbeddedOptions {
  /** A folder with libllama to use instead of the one from npm. */
  libraryDir?: string
  /** Compute threads when a request names none; 0 chooses by the machine. */
  threads: number
  /** What the child processes see of the environment: device masks and the like, nothing else. */
  environment?: Record<string, string>
  log: Log
  /** When a silent child process counts as hung. */
  heartbeat?: HeartbeatTimes
}

/** llama.cpp in a child process of its own for every loaded model, so that a native crash costs one model. */
export function createEmbeddedBackend({
  libraryDir,
  threads,
  environment = {},
  log,
  heartbeat,
}: EmbeddedOptions): Backend {
  const runners = new Set<Runner>()
  /** Children that do one thing: they are waited for before everything is closed. */
  const errands = new Set<Promise<unknown>>()
  let heavy = 0
  const closing = new AbortController()
  const logNative = (message: string) => log.warn({ native: message }, 'llama.cpp says')
  async function awaitedAtEnd<T>(errand: Promise<T>): Promise<T> {
    errands.add(errand)
    try {
      return await errand
    } finally {
      errands.delete(errand)
    }
  }
  /** Counts work that a measurement would disturb. */
  async function heavily<T>(work: Promise<T>): Promise<T> {
    heavy++
    try {
      return await work
    } finally {
      heavy--
    }
  }
  return {
    name: 'embedded',
    async load(plan, signal, onProgress) {
      const starting = startRunner({
        plan: plan.threads > 0 ? plan : { ...plan, threads },
        libraryDir,
        environment,
        signal,
        onProgress,
        log: logNative,
        ...(heartbeat === undefined ? {} : { heartbeat }),
      })
      const runner = await heavily(starting)
      runners.add(runner)
      void runner.gone.then(() => runners.delete(runner))
      return runner
    },
    async quantize(job, signal, onProgress) {
      const running = quantizeInChild(job, {
        threads,
        libraryDir,
        environment,
        signal: AbortSignal.any([signal, closing.signal]),
        onProgress,
        log: logNative,
      })
      return heavily(awaitedAtEnd(running))
    },
    devices: () =>
      awaitedAtEnd(devicesInChild({ libraryDir, environment, signal: closing.signal, log: logNative })),
    isIdle: () => heavy === 0 && runners.size === 0,
    async close() {
      closing.abort()
      await Promise.all([...runners].map((runner) => runner.close()))
      await Promise.allSettled(errands)
    },
  }
}
