import type { Backend, LoadPlan, Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Lessons } from './load-wishes.ts'
import { lacksFlashAttention, outOfMemoryIn } from './out-of-memory.ts'
import { type LoadPlanner, type LoadWish, type Occupancy, type PlannedLoad, RAM } from './types.ts'

/** A planner, and a way to load what it plans. */
export interface PlannedLoading {
  planner: LoadPlanner
  /** Loads as the backend does; a plan of `planner` is made anew where the runner does not get the memory it promised. */
  load: Backend['load']
  /** How a runner of `load` was loaded in the end; undefined for a plan that is not of `planner`. */
  plannedFor(runner: Runner): PlannedLoad | undefined
}

/** Memory that was promised and not there: a tenth less is counted on, this often. */
const SHRINK = 0.9
const MOST_SHRINKS = 2
/** Contexts to go down to after that. */
const SHORTER = [32_768, 16_384, 8192, 4096]

interface Origin {
  wish: LoadWish
  occupancy: Occupancy
  planned: PlannedLoad
}

/**
 * Free memory is an estimate of others. Where a load runs out of it, the device that is named counts for less, at most
 * twice; then the context gets shorter, unless somebody asked for it; then `load_failed` says what was tried.
 */
export function createPlannedLoading(
  backend: Pick<Backend, 'load'>,
  inner: LoadPlanner,
  log: Log,
): PlannedLoading {
  const origins = new WeakMap<LoadPlan, Origin>()
  const loaded = new WeakMap<Runner, PlannedLoad>()

  const planner: LoadPlanner = {
    async plan(wish, occupancy, lessons) {
      const planned = await inner.plan(wish, occupancy, lessons)
      origins.set(planned.plan, { wish, occupancy, planned })
      return planned
    },
  }

  async function load(
    plan: LoadPlan,
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<Runner> {
    const origin = origins.get(plan)
    if (origin === undefined) return backend.load(plan, signal, onProgress)
    let planned = origin.planned
    let state: State = { lessons: {}, shrinks: 0 }
    for (;;) {
      try {
        const runner = await backend.load(planned.plan, signal, onProgress)
        loaded.set(runner, planned)
        return runner
      } catch (error) {
        const next = signal.aborted ? undefined : learned(error, origin.wish, planned, state)
        if (next === undefined) throw afterAll(error, planned, state)
        state = next
        const { fullName: model } = origin.wish.model
        log.warn({ model, err: error, lessons: state.lessons }, 'the load is planned anew')
        // Who was to leave has left, and what is free now says so; or there was room without that, and all are there.
        planned = await inner.plan(origin.wish, { ...origin.occupancy, leaving: {} }, state.lessons)
      }
    }
  }

  return { planner, load, plannedFor: (runner) => loaded.get(runner) }
}

interface State {
  lessons: Lessons
  shrinks: number
}

/** What the next attempt does otherwise; undefined when there is nothing left to try, or that would not help. */
function learned(error: unknown, wish: LoadWish, planned: PlannedLoad, state: State): State | undefined {
  if (!(error instanceof EngineError) || error.code !== 'load_failed') return undefined
  if (planned.fit === undefined) return undefined
  const { lessons, shrinks } = state
  if (lacksFlashAttention(error.message)) {
    const isChosen = planned.plan.kvCacheType !== wish.plan.kvCacheType
    if (!isChosen || lessons.hasFlashAttention === false) return undefined
    return { lessons: { ...lessons, hasFlashAttention: false }, shrinks }
  }
  const short = outOfMemoryIn(error.message)
  if (short === undefined) return undefined
  if (shrinks < MOST_SHRINKS) {
    return {
      lessons: { ...lessons, shares: shrunk(lessons, short.device, planned) },
      shrinks: shrinks + 1,
    }
  }
  const mostContext = SHORTER.find((context) => context < planned.plan.contextLength)
  if (wish.plan.contextLength > 0 || mostContext === undefined) return undefined
  return { lessons: { ...lessons, mostContext }, shrinks }
}

/** Where the message names no device, all that the plan uses are meant. */
function shrunk({ shares = {} }: Lessons, device: string | undefined, { needs }: PlannedLoad) {
  const used = Object.keys(needs).filter((name) => name !== RAM)
  const meant = device !== undefined ? [device] : used.length > 0 ? used : [RAM]
  return { ...shares, ...Object.fromEntries(meant.map((name) => [name, (shares[name] ?? 1) * SHRINK])) }
}

/** The last failure, with what was tried and what may help. */
function afterAll(error: unknown, { plan }: PlannedLoad, { shrinks }: State): unknown {
  if (shrinks === 0 || !(error instanceof EngineError) || error.code !== 'load_failed') return error
  const next = SHORTER.find((context) => context < plan.contextLength)
  const advice = next === undefined ? 'a smaller quantization' : `num_ctx ${next}, or a smaller quantization`
  const text =
    `${error.message}; counting on less memory did not help, last with num_ctx ${plan.contextLength} and ` +
    `${plan.gpuLayers} layers on the GPU: try ${advice}`
  return new EngineError('load_failed', text, { cause: error })
}
