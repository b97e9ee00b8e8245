/** Models in, events out: joins what is on disk, how prompts are written, who is in memory and what runs. */

import type { Activity } from './activity.ts'
import { shapeAnswer } from './answer.ts'
import { checkedAnswer } from './answer-check.ts'
import type { Backend, Runner } from './backend.ts'
import { checkJob } from './check.ts'
import { embedInputs } from './embedding/embed.ts'
import { rerankDocuments } from './embedding/rerank.ts'
import { EngineError } from './errors.ts'
import { createProbe } from './health/probe.ts'
import { pulseWithin } from './health/pulse.ts'
import { loadPlanFor, optionsFor } from './load-plan.ts'
import { toLoaded } from './loaded.ts'
import type { ErrorLog } from './log.ts'
import { occupancyOf } from './planning/occupancy.ts'
import { createPlannedLoading } from './planning/planned-loading.ts'
import type { LoadPlanner } from './planning/types.ts'
import { parserFor, promptFor, thoughtBudgetFor, tokensFor } from './prepare.ts'
import { replayed } from './replay.ts'
import { requestFrame } from './runner-request.ts'
import type { BackOffTimes } from './scheduler/back-off.ts'
import { createScheduler } from './scheduler/scheduler.ts'
import type { Lease } from './scheduler/types.ts'
import { DEFAULT_MAX_LOADED_MODELS, type EngineSettings, SMALL_MACHINE_CONTEXT } from './settings.ts'
import { createSpeeds } from './speed.ts'
import type { InstalledModel } from './store/types.ts'
import { createSuspects, fingerprintOf } from './suspects.ts'
import type { EmbedJob, Engine, EngineEvent, Job, ModelOptions, RerankJob } from './types.ts'

export interface EngineParts {
  backend: Backend
  settings: EngineSettings
  log: ErrorLog
  /** Chooses what requests leave open; absent loads as they say. */
  planner?: LoadPlanner
  /** How long a model waits for its next load whose runner keeps dying. */
  backOff?: BackOffTimes
  /** Who wants to know what happens to models. */
  activity?: Activity
}

/** An engine with nothing in memory. Close it: it may hold child processes. */
export function createEngine(parts: EngineParts): Engine {
  const { backend, log, backOff, planner, activity } = parts
  const planning = planner && createPlannedLoading(backend, planner, log)
  const settings = planner ? parts.settings : unplanned(parts.settings)
  const scheduler = createScheduler<InstalledModel>({
    backend: planning ? { name: backend.name, load: planning.load, close: () => backend.close() } : backend,
    maxLoadedModels: settings.maxLoadedModels > 0 ? settings.maxLoadedModels : DEFAULT_MAX_LOADED_MODELS,
    maxQueue: settings.maxQueue,
    loadTimeoutMs: settings.loadTimeoutMs,
    defaultKeepAliveMs: settings.keepAliveMs,
    log,
    ...(planning && {
      plan: ({ tag: model, plan }, others) => planning.planner.plan({ model, plan }, occupancyOf(others)),
    }),
    ...(backOff === undefined ? {} : { backOff }),
    ...(activity === undefined ? {} : { activity }),
  })

  const suspects = createSuspects()
  const speeds = createSpeeds()
  const probe = createProbe(() => scheduler.residents())

  function acquire(
    job: Pick<Job, 'model' | 'options' | 'defaults' | 'keepAliveMs'>,
    signal: AbortSignal,
    isAlone = false,
  ) {
    const plan = loadPlanFor(job, optionsFor(job, settings), settings)
    const keepAlive = job.keepAliveMs === undefined ? {} : { keepAliveMs: job.keepAliveMs }
    return scheduler.acquire(
      { plan, tag: job.model, name: job.model.fullName, isAlone, ...keepAlive },
      signal,
    )
  }

  async function* run(job: Job, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const startedAt = performance.now()
    checkJob(job)
    const prompt = promptFor(job, new Date())
    const options = optionsFor(job, settings)
    const requestOf = requestFrame(job, prompt, options)
    async function* attempt({ runner }: Lease): AsyncGenerator<EngineEvent> {
      const loadMs = performance.now() - startedAt
      const { tokens, droppedTokens } = await tokensFor(job, prompt, runner, options)
      const thought = await thoughtBudgetFor(prompt, runner, options)
      const dropped = droppedTokens > 0 ? { droppedTokens } : {}
      yield { type: 'started', ...dropped }
      const request = requestOf(tokens, thought, runner)
      const oneCall = job.kind === 'chat' && !job.parallelToolCalls
      const answer = shapeAnswer(speeds.metered(runner, request, signal), parserFor(job, prompt), oneCall)
      const generation = yield* checkedAnswer(answer, job, options.stop, log)
      const { reason, tokenIds, ...usage } = generation
      const totalMs = performance.now() - startedAt
      const context = tokenIds === undefined ? {} : { context: [...tokens, ...tokenIds] }
      yield { type: 'end', reason, usage: { ...usage, ...dropped, loadMs, totalMs }, ...context }
    }
    const request = {
      fingerprint: () => jobFingerprint(job, prompt.text, options),
      acquire: (isAlone: boolean) => acquire(job, signal, isAlone),
      run: attempt,
    }
    try {
      yield* replayed(request, suspects)
    } catch (error) {
      throw signal.aborted ? cancelled(signal.reason) : error
    }
  }

  /** One answer of a runner, with the times of it. */
  async function once<J extends EmbedJob | RerankJob, R>(
    job: J,
    signal: AbortSignal,
    work: (job: J, runner: Runner, signal: AbortSignal) => Promise<R>,
  ): Promise<R & { loadMs: number; totalMs: number }> {
    const startedAt = performance.now()
    const lease = await acquire(job, signal)
    const loadMs = performance.now() - startedAt
    try {
      const result = await work(job, lease.runner, signal)
      return { ...result, loadMs, totalMs: performance.now() - startedAt }
    } catch (error) {
      throw signal.aborted ? cancelled(signal.reason) : error
    } finally {
      lease.release()
    }
  }

  return {
    run,
    async embed(job, signal) {
      if (job.model.facts?.isReranker) throw cannot(job, 'embedding')
      return once(job, signal, embedInputs)
    },
    async rerank(job, signal) {
      if (!job.model.facts?.isReranker) throw cannot(job, 'reranking')
      return once(job, signal, rerankDocuments)
    },
    check: checkJob,
    render(job) {
      const { text, imageCount } = promptFor(job, new Date())
      return { text, imageCount }
    },
    async load(job, signal) {
      const lease = await acquire(job, signal)
      lease.release()
    },
    unload(model) {
      const { weightsPath, adapterPaths } = model
      if (weightsPath !== undefined) scheduler.unload({ weightsPath, adapterPaths })
    },
    loaded() {
      const models = scheduler
        .residents()
        .flatMap(
          (resident) => toLoaded(resident, scheduler.waitingFor(resident.key), { speeds, planning }) ?? [],
        )
      return models.toSorted((a, b) => (a.expiresAtMs === b.expiresAtMs ? 0 : b.expiresAtMs - a.expiresAtMs))
    },
    loading: () => scheduler.residents().flatMap(({ runner, tag }) => (runner === undefined ? [tag] : [])),
    pulse: (deadlineMs) => pulseWithin(scheduler, deadlineMs),
    probe,
    ...(backend.quantize === undefined ? {} : { quantize: backend.quantize }),
    close: () => scheduler.close(),
  }
}

/** Somebody has to choose a context. */
const unplanned = (settings: EngineSettings): EngineSettings => ({
  ...settings,
  contextLength: settings.contextLength || SMALL_MACHINE_CONTEXT,
})

const cannot = ({ rawName }: EmbedJob | RerankJob, what: string) =>
  new EngineError('unsupported', `"${rawName}" does not support ${what}`)

/** Whoever aborted may have said why in words for the client. */
const cancelled = (reason: unknown): EngineError =>
  reason instanceof EngineError ? reason : new EngineError('cancelled', 'request canceled', { cause: reason })

/** What could make one request stop a runner and another one not. The seed is left out: clients draw a new one. */
function jobFingerprint(job: Job, prompt: string, { seed: _, ...options }: ModelOptions): string {
  const { weightsPath, adapterPaths } = job.model
  const given =
    job.kind === 'chat' ? [job.tools, job.toolChoice] : [job.prompt, job.context, job.promptLogprobs]
  const { shift, truncate, topLogprobs, format } = job
  return fingerprintOf(
    weightsPath,
    adapterPaths,
    prompt,
    options,
    given,
    shift,
    truncate,
    topLogprobs,
    format,
  )
}
