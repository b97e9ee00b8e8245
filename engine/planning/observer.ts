/**
 * Watches a planner and a backend at work and keeps what predictions were worth: memory when a model is loaded, speed
 * when an answer ends. Both go on exactly as if nobody watched.
 */
import { basename } from 'node:path'
import type { Backend, BufferSize, LoadPlan, Runner, RunnerEvent } from '../backend.ts'
import { type Candidate, planKey } from '../fit/candidates.ts'
import { decodeSpeed } from '../fit/decode-speed.ts'
import type { Machine } from '../fit/types.ts'
import { isHostBuffer } from '../llama/buffers.ts'
import { type HistoryKey, measuredRatios, withMemory, withSpeed } from './history.ts'
import type { HistoryFile } from './history-file.ts'
import { type LoadPlanner, type MemoryByDevice, type PlannedLoad, RAM } from './types.ts'

/** Shorter answers say more about the moment than about the machine. */
const LEAST_TOKENS = 32
/** How fast an answer is that repeats itself says nothing of the next one; so small a share of it was foreseen at most. */
const MOST_ACCEPTED = 0.1
/** Plans that wait for their load, with room to spare: older ones have failed. */
const MOST_PLANNED = 64

export interface Observer {
  /** The same planner; what it plans is remembered until it is loaded. */
  planner(planner: LoadPlanner): LoadPlanner
  /** The same backend; its loads and answers are noted for plans that came from the planner. */
  backend(backend: Backend): Backend
}

interface Watched {
  key: HistoryKey
  candidate: Candidate
  facts: NonNullable<PlannedLoad['fit']>['facts']
  needs: MemoryByDevice
}

export function createObserver({
  history,
  now = Date.now,
}: {
  history: Pick<HistoryFile, 'update'>
  now?: () => number
}): Observer {
  const planned = new Map<string, Watched>()
  /** Answers of all models that are being computed; they share the machine. */
  const running = new Set<{ isAlone: boolean }>()

  function remember(load: PlannedLoad, name: string): void {
    const id = identityOf(load.plan)
    const candidate = load.fit?.verdict === 'fits' ? load.fit.chosen?.candidate : undefined
    if (load.fit === undefined || candidate === undefined) return
    const { facts } = load.fit
    const key = {
      devices: devicesOf(facts.machine),
      weights: basename(load.plan.weightsPath),
      plan: planKey(candidate),
      name,
    }
    planned.delete(id)
    planned.set(id, { key, candidate, facts, needs: load.needs })
    const [oldest] = planned.keys()
    if (planned.size > MOST_PLANNED && oldest !== undefined) planned.delete(oldest)
  }

  function loaded({ key, candidate, needs }: Watched, plan: LoadPlan, runner: Runner): void {
    const memory = {
      contextLength: plan.contextLength,
      cacheType: candidate.settings.cacheType,
      sequences: runner.info.slots,
      predicted: needs,
      actual: memoryByDevice(runner.info.buffers),
    }
    history.update((entries) => withMemory(entries, key, memory, now()))
  }

  function answered({ key, candidate, facts }: Watched, answer: Answer): void {
    const { promptTokens, outputTokens, outputMs, acceptedTokens = 0 } = answer
    const isRepeating = acceptedTokens > outputTokens * MOST_ACCEPTED
    if (isRepeating || outputTokens < LEAST_TOKENS || outputMs <= 0) return
    // The first token comes with the prompt. Half of the answer is in the cache on average.
    const measured = ((outputTokens - 1) / outputMs) * 1000
    const depth = Math.round(promptTokens + outputTokens / 2)
    const { model, machine } = facts
    const { tokensPerSecond: computed } = decodeSpeed({ model, machine, ...candidate, depth })
    if (!Number.isFinite(computed) || computed <= 0) return
    history.update((entries) => withSpeed(entries, key, { measured, computed }, now()))
  }

  /** Passes the events of an answer on; it counts when nothing else was computed in its time. */
  async function* timed(
    watched: Watched | undefined,
    events: AsyncIterable<RunnerEvent>,
  ): AsyncGenerator<RunnerEvent> {
    const own = { isAlone: running.size === 0 }
    for (const other of running) other.isAlone = false
    running.add(own)
    let promptTokens = 0
    try {
      for await (const event of events) {
        if (event.type === 'prompt') promptTokens = event.promptTokens
        if (event.type === 'end' && own.isAlone && watched !== undefined)
          answered(watched, { promptTokens, ...event })
        yield event
      }
    } finally {
      running.delete(own)
    }
  }

  return {
    planner: (planner) => ({
      async plan(...asked) {
        const load = await planner.plan(...asked)
        const [wish] = asked
        remember(load, wish.model.shortName)
        return load
      },
    }),
    backend: (backend) => ({
      name: backend.name,
      ...(backend.quantize === undefined ? {} : { quantize: backend.quantize.bind(backend) }),
      ...(backend.devices === undefined ? {} : { devices: backend.devices.bind(backend) }),
      ...(backend.isIdle === undefined ? {} : { isIdle: backend.isIdle.bind(backend) }),
      close: () => backend.close(),
      async load(plan, signal, onProgress) {
        const runner = await backend.load(plan, signal, onProgress)
        const watched = planned.get(identityOf(plan))
        planned.delete(identityOf(plan))
        if (watched !== undefined) loaded(watched, plan, runner)
        return { ...runner, generate: (...args) => timed(watched, runner.generate(...args)) }
      },
    }),
  }
}

type Answer = { promptTokens: number } & Pick<
  Extract<RunnerEvent, { type: 'end' }>,
  'outputTokens' | 'outputMs' | 'acceptedTokens'
>

/** Plans are plain data: two with the same content load the same. */
const identityOf = (plan: LoadPlan): string => JSON.stringify(plan)

/** A machine as far as speeds depend on it, those that are computed too: a calibration makes them others. */
export const devicesOf = ({ devices, cores, cpu }: Machine): string =>
  [...devices.map(({ name }) => name), `${cores} CPU cores${cpu === undefined ? '' : ', calibrated'}`].join(
    ' + ',
  )

/**
 * The speeds that were measured of a model's files on this machine, for `DecisionFacts.measurements`. Of two files
 * that run in the same way the first counts.
 */
export const measurementsFor = (
  history: Pick<HistoryFile, 'entries'>,
  machine: Machine,
  weightsPaths: readonly string[],
): ReadonlyMap<string, number> => {
  const devices = devicesOf(machine)
  return new Map(
    weightsPaths
      .toReversed()
      .flatMap((path) => [...measuredRatios(history.entries(), { devices, weights: basename(path) })]),
  )
}

/** The buffers of a load by where they lie. */
export function memoryByDevice(buffers: readonly BufferSize[]): MemoryByDevice {
  const memory: Record<string, number> = {}
  for (const { device, bytes } of buffers) {
    const where = isHostBuffer(device) ? RAM : device
    memory[where] = (memory[where] ?? 0) + bytes
  }
  return memory
}
