import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import type { Capability, InstalledModel, ModelStore } from '../../../engine/store/types.ts'
import type { Engine, EngineEvent, Job, Usage } from '../../../engine/types.ts'
import { buildApp } from '../../../src/app.ts'
import { installedModel } from '../../helpers/installed-model.ts'
import { NO_PULLS, NO_REGISTRIES, NO_STORE } from '../../helpers/store.ts'

export type Run = (job: Job, signal: AbortSignal) => AsyncIterable<EngineEvent>

export const USAGE: Usage = {
  promptTokens: 3,
  cachedTokens: 1,
  outputTokens: 2,
  thinkingTokens: 0,
  loadMs: 5,
  promptMs: 2,
  outputMs: 1,
  totalMs: 8,
}

/** A model with nothing behind it, for engines that load none. */
export const model = (name: string, more: Partial<InstalledModel> = {}): InstalledModel =>
  installedModel(name, {
    digest: name,
    sizeBytes: 1000,
    modifiedAt: new Date('2026-01-02T03:04:05Z'),
    templatePath: 'jinja',
    capabilities: ['completion', 'tools'],
    ...more,
  })

export const withCapabilities = (name: string, ...capabilities: Capability[]) =>
  model(name, { capabilities: ['completion', ...capabilities] })

/** The server on an engine that is one function. `jobs` are what it was given, `log` what was logged. */
export function handMade(run: Run, installed = [model('tiny')], more: Partial<Engine> = {}) {
  const jobs: Job[] = []
  const log: object[] = []
  const logger = pino({}, { write: (line) => void log.push(JSON.parse(line)) })
  const deps = {
    engine: { ...engineOf(run, jobs), ...more },
    models: storeOf(installed),
    registries: NO_REGISTRIES,
    pulls: NO_PULLS,
    logger,
  }
  const app = buildApp({ emulatedVersion: '0.0.0' }, deps)
  onTestFinished(() => app.close())
  const url = () => app.listen({ host: '127.0.0.1', port: 0 })
  return { app, jobs, log, url }
}

const noVectors = async () => {
  throw new Error('a hand-made engine only answers')
}

function engineOf(run: Run, jobs: Job[]): Engine {
  return {
    run(job, signal) {
      jobs.push(job)
      return run(job, signal)
    },
    embed: noVectors,
    rerank: noVectors,
    check: () => {},
    render: () => ({ text: '', imageCount: 0 }),
    load: async () => {},
    unload: () => {},
    refusal: () => undefined,
    loaded: () => [],
    loading: () => [],
    pulse: async () => ({ loaded: 0, loading: 0, waiting: 0 }),
    probe: async () => [],
    close: async () => {},
  }
}

function storeOf(installed: readonly InstalledModel[]): ModelStore {
  const find = async (name: string) => {
    const found = installed.find((one) => one.name.model === name)
    if (found === undefined) throw new EngineError('model_not_found', `model '${name}' not found`)
    return found
  }
  return {
    ...NO_STORE,
    find,
    list: async () => [...installed],
    details: async () => ({ metadata: [], tensors: [], projectorMetadata: undefined }),
    delete: async (name) => void (await find(name)),
  }
}

/** An engine that says these events to every job. */
export const says = (...events: EngineEvent[]): Run =>
  async function* () {
    yield { type: 'started' }
    yield* events
    yield { type: 'end', reason: 'stop', usage: USAGE }
  }

/** An engine that fails, before or after it said something. */
export const fails = (error: Error, ...before: EngineEvent[]): Run =>
  async function* () {
    yield* before
    throw error
  }

export const text = (piece: string): EngineEvent => ({ type: 'text-delta', text: piece })

/** A chat with one word in it; `more` is laid over. */
export const chatBody = (more: object = {}) => ({
  model: 'tiny',
  messages: [{ role: 'user', content: 'hi' }],
  ...more,
})

/** POSTs without a socket. */
export const post = (app: FastifyInstance, url: string, body: object) =>
  app.inject({ method: 'POST', url, payload: body })

/** The JSON of each frame of a stream; the end mark stays text. */
export const framesOf = (body: string) =>
  body
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => frame.slice('data: '.length))
    .map((data) => (data === '[DONE]' ? data : JSON.parse(data)))
