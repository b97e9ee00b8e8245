import type { LoadPlan } from '../../../../engine/backend.ts'
import { BACK_OFF, createBackOff } from '../../../../engine/scheduler/back-off.ts'
import type { SchedulerEvent } from '../../../../engine/scheduler/effects.ts'
import { createLoop, type Loop } from '../../../../engine/scheduler/loop.ts'
import type { AcquireRequest, Limits } from '../../../../engine/scheduler/types.ts'
import { faultOf } from './check.ts'
import { createRandom, type Random } from './random.ts'
import { createWorld, type World } from './world.ts'

export interface SimulationResult {
  steps: number
  granted: number
  refused: number
  loads: number
  deaths: number
  longestWaitMs: number
}

/** Events kept for the report of a fault. */
const LAST_EVENTS = 40

/** Longer than this nobody may wait: eight models take turns of a minute, and a clock that jumps does it by hours. */
const LONGEST_WAIT_MS = { calm: 3_600_000, wild: 24 * 3_600_000 }

const MODELS = 'abcdefgh'
const SHORT_WAIT_MS = 1_800_000

/**
 * Plays `steps` random events to the scheduler on a simulated machine, then lets everything end. Throws with the seed
 * and the last events when anything is ever wrong.
 */
export function simulate(seed: number, steps: number): SimulationResult {
  const random = createRandom(seed)
  const limits = limitsOf(random)
  const isCalm = seed % 2 === 0
  const longestMs = isCalm ? LONGEST_WAIT_MS.calm : LONGEST_WAIT_MS.wild
  const trace: string[] = []
  const fault = (what: string): never => {
    throw new Error(`seed ${seed}, step ${step}: ${what}\n${trace.slice(-LAST_EVENTS).join('\n')}`)
  }
  let step = 0
  const faults: string[] = []
  const loopOf: { loop?: Loop<string> } = {}
  const send = (event: SchedulerEvent<string>) => loopOf.loop?.send(event)
  const world = createWorld({
    random,
    send,
    maxLoadedModels: limits.maxLoadedModels,
    givesRoom: seed % 4 !== 0,
    isCalm,
    onFault: (what) => faults.push(what),
  })
  const parts = {
    limits,
    effects: world.effects,
    backOff: createBackOff(BACK_OFF),
    hasPlanner: seed % 5 !== 0,
  }
  const loop = createLoop<string>(parts)
  loopOf.loop = loop
  const play = createPlay(random, isCalm ? 60_000 : 4 * 3_600_000, world, loop, send)

  const check = (what: string) => {
    trace.push(`${step} at ${Math.round(world.now())}: ${what}`)
    if (trace.length > 2 * LAST_EVENTS) trace.splice(0, LAST_EVENTS)
    const wrong = faults[0] ?? faultOf(loop.state, limits, world)
    if (wrong !== undefined) fault(wrong)
    for (const { waiters } of loop.state.queues.values()) {
      const [oldest] = waiters.values()
      if (oldest !== undefined && world.now() - oldest.atMs > longestMs) fault(`request ${oldest.id} starves`)
    }
  }
  for (; step < steps; step++) check(play(random))
  finish(world, loop, send, check)
  const { state } = loop
  const left = [
    state.queues,
    state.residents,
    state.preparations,
    state.clients,
    state.holders,
    state.fair.finish,
  ]
  if (left.some(({ size }) => size > 0)) fault(`left behind: ${left.map(({ size }) => size).join(', ')}`)
  return { steps, ...world.counts }
}

function limitsOf(random: Random): Limits {
  return {
    maxLoadedModels: 1 + random.below(5),
    maxQueue: random.pick([0, 1, 4, 30, 512]) ?? 0,
    maxQueuePerModel: random.pick([0, 0, 3]) ?? 0,
    maxPerClient: random.pick([0, 0, 5]) ?? 0,
    loadTimeoutMs: random.pick([5_000, 300_000]) ?? 0,
    waitTimeoutMs: SHORT_WAIT_MS,
    defaultKeepAliveMs: random.pick([0, 1_000, 300_000, Number.POSITIVE_INFINITY]) ?? 0,
  }
}

/** One random event; says which. */
function createPlay(
  random: Random,
  longestJumpMs: number,
  world: World,
  { state }: Loop<string>,
  send: (event: SchedulerEvent<string>) => void,
) {
  let lastWaiter = 0

  function request(): string {
    const waiterId = ++lastWaiter
    const asked = requestOf(random)
    world.open.add(waiterId)
    send({ type: 'request', waiterId, request: asked })
    return `request ${waiterId} for ${asked.tag}, context ${asked.plan.contextLength}`
  }

  function cancel(): string {
    const waiters = [...state.queues.values()].flatMap((queue) => [...queue.waiters.values()])
    const waiter = random.pick(waiters)
    if (waiter === undefined) return 'nobody to cancel'
    send({ type: 'cancel', waiterId: waiter.id, key: waiter.key })
    return `request ${waiter.id} is cancelled`
  }

  function lease(): string {
    const leaseId = random.pick([...world.leases.keys()])
    if (leaseId === undefined) return 'no lease'
    const what = random.pick(['release', 'share', 'condemn'] as const)
    if (what === 'release') world.release(leaseId)
    else if (what === 'share') send({ type: 'share', leaseId })
    else condemn(leaseId)
    return `lease ${leaseId}: ${what}`
  }

  /** As after a death that only its user has noticed; the process ends at once. */
  function condemn(leaseId: number): void {
    const residentId = state.holders.get(leaseId)?.residentId
    send({ type: 'condemn', leaseId })
    const process = [...world.processes.values()].find((one) => one.residentId === residentId)
    if (process !== undefined) world.kill(process)
  }

  function disturb(): string {
    const roll = random.below(6)
    if (roll === 0) world.jump(random.pick([10, 5_000, longestJumpMs]) ?? 0)
    else if (roll === 1) send({ type: 'unload', key: random.pick([...MODELS].map(pathOf)) ?? '' })
    else if (roll === 2) send({ type: 'pulse', answer: () => {} })
    else if (roll === 3) world.moveMemory()
    else if (roll === 4) world.giveMemoryBack()
    else return kill()
    // Time has passed, or room was made: the next event may be any.
    send({ type: 'tick' })
    return `disturbance ${roll}`
  }

  function kill(): string {
    const process = random.pick([...world.processes.values()])
    if (process === undefined) return 'nobody to kill'
    world.kill(process)
    return `${process.key} dies`
  }

  return (dice: Random): string => {
    const roll = dice.next()
    if (roll < 0.25) return request()
    if (roll < 0.29) return cancel()
    if (roll < 0.31) return lease()
    if (roll < 0.32) return disturb()
    return world.goOn() ?? request()
  }
}

const pathOf = (name: string) => `/${name}`

function requestOf(random: Random): AcquireRequest<string> {
  const tag = random.pick([...MODELS]) ?? 'a'
  const plan: LoadPlan = {
    weightsPath: pathOf(tag),
    adapterPaths: [],
    slots: 1 + (tag.charCodeAt(0) % 4),
    kvCacheType: 'f16',
    flashAttention: 'auto',
    contextLength: random.pick([0, 0, 2048, 4096, 8192, 32_768, 1_000_000]) ?? 0,
    batchTokens: random.chance(0.02) ? 256 : 512,
    gpuLayers: -1,
    mainGpu: undefined,
    mmap: undefined,
    threads: 0,
  }
  return {
    plan,
    tag,
    client: `client ${random.below(6)}`,
    priority: random.chance(0.3) ? 'batch' : 'interactive',
    cost: random.below(4_000),
    lane: random.pick(['slot', 'slot', 'slot', 'embedding', 'touch'] as const) ?? 'slot',
    ...(random.chance(0.05) ? { isAlone: true } : {}),
    ...(random.chance(0.2)
      ? { keepAliveMs: random.pick([0, 1_000, 600_000, Number.POSITIVE_INFINITY]) ?? 0 }
      : {}),
  }
}

/** Nobody comes any more: every request gets its answer, every model goes, and nothing is left. */
function finish(
  world: World,
  { state }: Loop<string>,
  send: (event: SchedulerEvent<string>) => void,
  check: (what: string) => void,
): void {
  world.giveMemoryBack()
  for (
    let turns = 0;
    turns < 100_000 && world.open.size + world.leases.size + world.processes.size > 0;
    turns++
  ) {
    for (const leaseId of [...world.leases.keys()]) world.release(leaseId)
    if (world.open.size === 0) for (const key of state.residents.keys()) send({ type: 'unload', key })
    check(`the end: ${world.goOn() ?? 'nothing to do'}`)
  }
}
