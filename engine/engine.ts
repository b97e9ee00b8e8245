/** Models in, events out: joins what is on disk, how prompts are written, who is in memory and what runs. */

import type { Activity } from './activity.ts'
import { shapeAnswer } from './answer.ts'
import { checkedAnswer } from './answer-check.ts'
import type { Backend, LoadPlan, Runner } from './backend.ts'
import { cancelled } from './cancelled.ts'
import { checkJob } from './check.ts'
import { contextLimit, withContext } from './context-limit.ts'
import { inputCost, jobCost } from './cost.ts'
import { embedInputs } from './embedding/embed.ts'
import { rerankDocuments } from './embedding/rerank.ts'
import type { EmbedJob, RerankJob } from './embedding/types.ts'
import { EngineError } from './errors.ts'
import { createProbe } from './health/probe.ts'
import { pulseWithin } from './health/pulse.ts'
import { loadPlanFor, optionsFor } from './load-plan.ts'
import { toLoaded } from './loaded.ts'
import type { ErrorLog } from './log.ts'
import type { ModelOptions } from './model-options.ts'
import { createPlannedLoading, type PlannedLoading } from './planning/planned-loading.ts'
import type { LoadPlanner, Occupancy } from './planning/types.ts'
import { parserFor, promptFor, thoughtBudgetFor, tokensFor } from './prepare.ts'
import { createRemote } from './remote/remote.ts'
import { isStub } from './remote/stub.ts'
import type { RemoteOptions } from './remote/types.ts'
import { replayed } from './replay.ts'
import { requestFrame } from './runner-request.ts'
import type { BackOffTimes } from './scheduler/back-off.ts'
import { createScheduler } from './scheduler/scheduler.ts'
import type { AcquireRequest, Lease } from './scheduler/types.ts'
import { type EngineSettings, MODELS_PER_GPU, SMALL_MACHINE_CONTEXT } from './settings.ts'
import { createSpeeds } from './speed.ts'
import type { InstalledModel } from './store/types.ts'
import { createSuspects, fingerprintOf } from './suspects.ts'
import type { Asker, Engine, EngineEvent, Job } from './types.ts'

export interface EngineParts {
  backend: Backend
  settings: EngineSettings
  log: ErrorLog
  /** Chooses what requests leave open, within the memory there is; absent loads as they say, bounded by number. */
  planner?: LoadPlanner
  /** For how many models are kept where nobody says; none when absent. Asked again for each load. */
  gpuCount?: () => number
  /** How long a model waits for its next load whose runner keeps dying. */
  backOff?: BackOffTimes
  /** Who wants to know what happens to models. */
  activity?: Activity
  /** Which servers may run models for this one; none when absent. */
  remote?: RemoteOptions
}

const NO_REMOTE: RemoteOptions = { hosts: [], userAgent: 'snug' }

/** An engine with nothing in memory. Close it: it may hold child processes. */
export function createEngine(parts: EngineParts): Engine {
  const { backend, log, planner } = parts
  const planning = planner && createPlannedLoading(backend, planner, log)
  const settings = planner ? parts.settings : unplanned(parts.settings)
  const scheduler = schedulerFor({ ...parts, settings }, planning)
  const remote = createRemote({ ...(parts.remote ?? NO_REMOTE), settings, log })

  const suspects = createSuspects()
  const speeds = createSpeeds()
  const probe = createProbe(() => scheduler.residents())

  function acquire(
    job: Pick<Job, 'model' | 'options' | 'defaults' | 'keepAliveMs' | keyof Asker>,
    signal: AbortSignal,
    { isAlone = false, lane, cost }: Pick<AcquireRequest<InstalledModel>, 'isAlone' | 'lane' | 'cost'>,
  ): Promise<Lease> {
    const plan = loadPlanFor(job, optionsFor(job, settings), settings)
    const { model: tag, client, priority, keepAliveMs, onQueued } = job
    const asked = { lane, cost, client, priority, keepAliveMs, onQueued }
    return scheduler.acquire({ plan, tag, isAlone, ...present(asked) }, signal)
  }

  async function* runHere(job: Job, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const startedAt = performance.now()
    checkJob(job)
    const prompt = promptFor(job, new Date())
    const options = optionsFor(job, settings)
    const requestOf = requestFrame(job, prompt, options)
    const cost = jobCost(job, prompt.text, options)
    async function* attempt({ runner: whole, spent }: Lease): AsyncGenerator<EngineEvent> {
      const runner = withContext(whole, options.contextLength)
      const loadMs = performance.now() - startedAt
      const { tokens, droppedTokens } = await tokensFor(job, prompt, runner, options)
      const thought = await thoughtBudgetFor(prompt, runner, options)
      const dropped = droppedTokens > 0 ? { droppedTokens } : {}
      yield { type: 'started', ...dropped }
      const request = { ...requestOf(tokens, thought, runner), ...contextLimit(runner, whole) }
      const oneCall = job.kind === 'chat' && !job.parallelToolCalls
      const answer = shapeAnswer(speeds.metered(whole, request, signal), parserFor(job, prompt), oneCall)
      const generation = yield* checkedAnswer(answer, job, options.stop, log)
      const { reason, tokenIds, ...usage } = generation
      const totalMs = performance.now() - startedAt
      const context = tokenIds === undefined ? {} : { context: [...tokens, ...tokenIds] }
      spent(usage.promptTokens - usage.cachedTokens + usage.outputTokens)
      yield { type: 'end', reason, usage: { ...usage, ...dropped, loadMs, totalMs }, ...context }
    }
    const request = {
      fingerprint: () => jobFingerprint(job, prompt.text, options),
      acquire: (isAlone: boolean) => acquire(job, signal, { isAlone, cost }),
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
    cost: number,
    work: (job: J, runner: Runner, signal: AbortSignal) => Promise<R>,
  ): Promise<R & { loadMs: number; totalMs: number }> {
    const startedAt = performance.now()
    const lease = await acquire(job, signal, { lane: 'embedding', cost })
    const loadMs = performance.now() - startedAt
    try {
      const runner = withContext(lease.runner, optionsFor(job, settings).contextLength)
      const result = await work(job, runner, signal)
      return { ...result, loadMs, totalMs: performance.now() - startedAt }
    } catch (error) {
      throw signal.aborted ? cancelled(signal.reason) : error
    } finally {
      lease.release()
    }
  }

  return {
    run: (job, signal) => (isStub(job.model) ? remote.run(job, signal) : runHere(job, signal)),
    refusal: remote.refusal,
    async embed(job, signal) {
      if (isStub(job.model)) return remote.embed(job, signal)
      if (job.model.facts?.isReranker) throw cannot(job, 'embedding')
      return once(job, signal, inputCost(job.inputs), embedInputs)
    },
    async rerank(job, signal) {
      if (!job.model.facts?.isReranker) throw cannot(job, 'reranking')
      return once(job, signal, inputCost([job.query, ...job.documents]), rerankDocuments)
    },
    check: checkJob,
    render(job) {
      if (isStub(job.model))
        throw new EngineError('unsupported', `another server writes the prompts of "${job.rawName}"`)
      const { text, imageCount } = promptFor(job, new Date())
      return { text, imageCount }
    },
    async load(job, signal) {
      const refusal = remote.refusal(job.model)
      if (refusal !== undefined) throw refusal
      // Its server loads it when it is asked something.
      if (isStub(job.model)) return
      const lease = await acquire(job, signal, { lane: 'touch', cost: 0 })
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
    async close() {
      await Promise.all([scheduler.close(), remote.close()])
    },
  }
}

function schedulerFor(
  { backend, settings, log, backOff, activity, gpuCount = () => 0 }: EngineParts,
  planning: PlannedLoading | undefined,
) {
  const { maxLoadedModels, maxQueue, maxQueuePerModel, maxPerClient, loadTimeoutMs, waitTimeoutMs } = settings
  const limits = { maxQueuePerModel, maxPerClient, waitTimeoutMs }
  const plan =
    planning &&
    ((model: InstalledModel, plan: LoadPlan, memory: Occupancy) =>
      planning.planner.plan({ model, plan }, memory))
  return createScheduler<InstalledModel>({
    backend: planning ? { name: backend.name, load: planning.load, close: () => backend.close() } : backend,
    maxLoadedModels: () => (maxLoadedModels > 0 ? maxLoadedModels : MODELS_PER_GPU * Math.max(1, gpuCount())),
    maxQueue,
    loadTimeoutMs,
    defaultKeepAliveMs: settings.keepAliveMs,
    log,
    nameOf: ({ fullName }) => fullName,
    ...present({ ...limits, backOff, plan, activity }),
  })
}

/** Somebody has to choose a context. */
const unplanned = (settings: EngineSettings): EngineSettings => ({
  ...settings,
  contextLength: settings.contextLength || SMALL_MACHINE_CONTEXT,
})

/** What is there of it. */
const present = <O extends object>(values: O): { [K in keyof O]?: Exclude<O[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as typeof values

const cannot = ({ rawName }: EmbedJob | RerankJob, what: string) =>
  new EngineError('unsupported', `"${rawName}" does not support ${what}`)

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
