import type { Backend, Runner } from '../backend.ts'
import type { Log } from '../log.ts'
import { startRunner } from './client.ts'
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
  const quantizing = new Set<Promise<unknown>>()
  const closing = new AbortController()
  const logNative = (message: string) => log.warn({ native: message }, 'llama.cpp says')
  return {
    name: 'embedded',
    async load(plan, signal, onProgress) {
      const runner = await startRunner({
        plan: plan.threads > 0 ? plan : { ...plan, threads },
        libraryDir,
        environment,
        signal,
        onProgress,
        log: logNative,
        ...(heartbeat === undefined ? {} : { heartbeat }),
      })
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
      quantizing.add(running)
      try {
        return await running
      } finally {
        quantizing.delete(running)
      }
    },
    async close() {
      closing.abort()
      await Promise.all([...runners].map((runner) => runner.close()))
      await Promise.allSettled(quantizing)
    },
  }
}
