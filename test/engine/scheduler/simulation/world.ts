/**
 * A machine that exists only in memory: its clock, its memory, the processes on it, a planner and timers. Everything
 * that takes time is an appointment; nothing happens but when the simulation keeps one.
 */
import type { LoadPlan, Runner } from '../../../../engine/backend.ts'
import { EngineError } from '../../../../engine/errors.ts'
import { sumOf } from '../../../../engine/planning/memory-sum.ts'
import type { MemoryByDevice, Occupancy, PlannedLoad } from '../../../../engine/planning/types.ts'
import type { Effects, SchedulerEvent } from '../../../../engine/scheduler/effects.ts'
import { covers } from '../../../../engine/scheduler/memory.ts'
import type { Waiter } from '../../../../engine/scheduler/state.ts'
import type { Random } from './random.ts'

export const GIB = 2 ** 30
const DEVICES = { CUDA0: 24 * GIB, RAM: 64 * GIB }

interface Process {
  residentId: number
  key: string
  memory: MemoryByDevice
  runner: Runner | undefined
  isStopping: boolean
}

interface Appointment {
  atMs: number
  what: string
  keep: () => void
}

export interface WorldOptions {
  random: Random
  send: (event: SchedulerEvent<string>) => void
  maxLoadedModels: number
  /** The planner says how much room there is. */
  givesRoom: boolean
  /** Nothing hangs for longer than the deadlines of loads and plans. */
  isCalm: boolean
  onFault: (fault: string) => void
}

export type World = ReturnType<typeof createWorld>

const unused = () => {
  throw new Error('nobody uses a runner in the simulation')
}

export function createWorld({ random, send, maxLoadedModels, givesRoom, isCalm, onFault }: WorldOptions) {
  const processes = new Map<number, Process>()
  const appointments = new Set<Appointment>()
  /** Leases that were handed out and not given back. */
  const leases = new Map<number, Waiter<string>>()
  /** Requests without an answer. */
  const open = new Set<number>()
  const counts = { granted: 0, refused: 0, loads: 0, deaths: 0, longestWaitMs: 0 }
  let nowMs = 0
  let timerMs = Number.POSITIVE_INFINITY
  let taken: MemoryByDevice = {}

  const later = (delayMs: number, what: string, keep: () => void) =>
    appointments.add({ atMs: nowMs + delayMs, what, keep })

  const free = (): MemoryByDevice => {
    const used = sumOf([taken, ...[...processes.values()].map(({ memory }) => memory)])
    return Object.fromEntries(
      Object.entries(DEVICES).map(([device, bytes]) => [device, bytes - (used[device] ?? 0)]),
    )
  }

  function planned(wanted: LoadPlan, { leaving }: Occupancy): PlannedLoad {
    const contextLength = wanted.contextLength === 0 ? 8192 : wanted.contextLength
    const bytes = (1 + (wanted.weightsPath.charCodeAt(1) % 9)) * GIB + contextLength * 2 ** 17
    const room = free()
    const will = sumOf([room, leaving])
    const device = Object.keys(DEVICES).find((name) => covers(will, { [name]: bytes }))
    if (device === undefined) throw new EngineError('does_not_fit', 'too large')
    return { plan: { ...wanted, contextLength }, needs: { [device]: bytes }, ...(givesRoom ? { room } : {}) }
  }

  function end(process: Process, error: Error | undefined): void {
    if (!processes.delete(process.residentId)) return
    send(
      process.runner === undefined
        ? { type: 'load-failed', residentId: process.residentId, error: error ?? new Error('stopped') }
        : { type: 'gone', residentId: process.residentId, error },
    )
  }

  function runnerOf({ memory }: Process, { contextLength, slots }: LoadPlan): Runner {
    const buffers = Object.entries(memory).map(([device, bytes]) => ({
      device: device === 'RAM' ? 'CPU' : device,
      kind: 'weights' as const,
      bytes,
    }))
    const info = { contextLength, slots, buffers, vocabularySize: 1, sizeBytes: 0, sizeVramBytes: 0 }
    const words = { addsBos: false, controlTokens: [], canShift: true, description: 'simulated' }
    const gone = Promise.resolve(undefined)
    const calls = { tokenize: unused, detokenize: unused, generate: unused, status: unused, close: unused }
    return { info: { ...info, ...words }, gone, ...calls }
  }

  function load(residentId: number, plan: LoadPlan): void {
    const key = plan.weightsPath
    const memory = promised.get(residentId) ?? {}
    counts.loads += 1
    if ([...processes.values()].some((process) => process.key === key)) onFault(`two processes for ${key}`)
    if (!covers(free(), memory)) onFault(`over-committed by ${key}`)
    const process: Process = { residentId, key, memory, runner: undefined, isStopping: false }
    processes.set(residentId, process)
    if (processes.size > maxLoadedModels) onFault(`${processes.size} models in memory`)
    const progress = () =>
      processes.has(residentId) && send({ type: 'progress', residentId, fraction: random.next() })
    later(random.below(2_000), `progress ${key}`, progress)
    const fate = random.next()
    if (fate < 0.05) return
    if (fate < 0.15) {
      later(random.below(9_000), `load of ${key} fails`, () => end(process, new Error('bad file')))
      return
    }
    later(random.below(9_000), `${key} is loaded`, () => {
      if (!processes.has(residentId) || process.isStopping) return
      process.runner = runnerOf(process, plan)
      send({ type: 'loaded', residentId, runner: process.runner })
    })
  }

  /** What the report of a load's begin said it would take; the load itself follows. */
  const promised = new Map<number, MemoryByDevice>()
  let announced: MemoryByDevice = {}

  function answered(waiter: Waiter<string>): void {
    if (!open.delete(waiter.id)) onFault(`request ${waiter.id} was answered twice`)
    counts.longestWaitMs = Math.max(counts.longestWaitMs, nowMs - waiter.atMs)
  }

  const effects: Effects<string> = {
    nowMs: () => nowMs,
    epochMs: () => nowMs,
    plan(preparationId, _tag, wanted, occupancy) {
      // Some never answer.
      if (random.chance(0.02)) return
      later(random.below(50), `plan for ${wanted.weightsPath}`, () => {
        try {
          send({ type: 'planned', preparationId, planned: planned(wanted, occupancy) })
        } catch (error) {
          if (!(error instanceof EngineError)) throw error
          send({ type: 'plan-failed', preparationId, error })
        }
      })
    },
    load(residentId, plan) {
      promised.set(residentId, announced)
      load(residentId, plan)
      promised.delete(residentId)
    },
    stopLoad(residentId) {
      const process = processes.get(residentId)
      if (process === undefined) return
      process.isStopping = true
      later(random.below(5_000), `load of ${process.key} is stopped`, () => end(process, undefined))
    },
    close(runner) {
      const process = [...processes.values()].find((one) => one.runner === runner)
      if (process === undefined) return
      if (process.isStopping) onFault(`${process.key} was closed twice`)
      process.isStopping = true
      // Some cannot be ended for hours.
      const delayMs = !isCalm && random.chance(0.005) ? 7_200_000 : random.below(3_000)
      later(delayMs, `${process.key} ends`, () => end(process, undefined))
    },
    wakeAt(atMs) {
      timerMs = atMs
    },
    grant(waiter, leaseId) {
      answered(waiter)
      counts.granted += 1
      leases.set(leaseId, waiter)
      if (isCalm || !random.chance(0.02))
        later(random.below(60_000), `lease ${leaseId} ends`, () => release(leaseId))
    },
    refuse(waiter, error) {
      answered(waiter)
      if (isCalm && error.message.includes('nothing has moved'))
        onFault(`request ${waiter.id} waited in vain`)
      counts.refused += 1
    },
    nameOf: (tag) => tag,
    report(event) {
      if (event.type === 'load-started') announced = event.predicted
    },
    log: {
      info() {},
      warn: (fields) => {
        if ('event' in fields && 'err' in fields) onFault(`the loop failed: ${String(fields.err)}`)
      },
    },
  }

  function release(leaseId: number): void {
    if (leases.delete(leaseId)) send({ type: 'release', leaseId, tokens: random.below(2_000) })
  }

  function tick(): void {
    nowMs = Math.max(nowMs, timerMs)
    timerMs = Number.POSITIVE_INFINITY
    send({ type: 'tick' })
  }

  return {
    effects,
    processes,
    leases,
    open,
    counts,
    now: () => nowMs,
    timerAt: () => timerMs,
    free,
    release,
    /** Keeps the next appointment; what it was, or undefined when there is none. */
    goOn(): string | undefined {
      let next: Appointment | undefined
      for (const one of appointments) if (next === undefined || one.atMs < next.atMs) next = one
      if (timerMs < (next?.atMs ?? Number.POSITIVE_INFINITY)) {
        tick()
        return 'tick'
      }
      if (next === undefined) return undefined
      appointments.delete(next)
      nowMs = Math.max(nowMs, next.atMs)
      next.keep()
      return next.what
    },
    /** The machine slept, or was very busy: all that was due meanwhile comes late. */
    jump: (ms: number) => {
      nowMs += ms
    },
    kill(process: Process) {
      counts.deaths += 1
      end(process, new Error('killed'))
    },
    /** Another program takes, or gives back, what it likes of what is free. */
    moveMemory() {
      const given = sumOf([free(), taken])
      taken = Object.fromEntries(
        Object.entries(given).map(([device, bytes]) => [device, Math.max(0, bytes) * random.next() * 0.5]),
      )
    },
    giveMemoryBack: () => {
      taken = {}
    },
  }
}
