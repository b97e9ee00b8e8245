/** What must be true after every event. */
import { queued } from '../../../../engine/scheduler/admission.ts'
import { decide } from '../../../../engine/scheduler/decide.ts'
import { isReady, laneRoom, type Resident, type State } from '../../../../engine/scheduler/state.ts'
import type { Lane, Limits } from '../../../../engine/scheduler/types.ts'
import type { World } from './world.ts'

/** What is wrong with the state; undefined when nothing is. */
export function faultOf(state: State<string>, limits: Limits, world: World): string | undefined {
  return (
    faultOfCounts(state, world) ??
    [...state.residents.values()]
      .map((resident) => faultOfResident(state, resident))
      .find((fault) => fault) ??
    faultOfQueues(state, limits) ??
    faultOfProgress(state, limits, world)
  )
}

function faultOfCounts(state: State<string>, world: World): string | undefined {
  const waiting = [...state.queues.values()].reduce((sum, { waiters }) => sum + waiters.size, 0)
  if (waiting !== state.waiting) return `${waiting} wait, counted as ${state.waiting}`
  if (waiting !== world.open.size) return `${world.open.size} were not answered, and ${waiting} wait`
  if (state.holders.size !== world.leases.size)
    return `${state.holders.size} leases, ${world.leases.size} in use`
  const ofClients = [...state.clients.values()].reduce((sum, count) => sum + count, 0)
  if (ofClients !== waiting + state.holders.size) return `clients have ${ofClients} requests`
  if (state.residents.size !== world.processes.size) return 'models and processes differ'
  return undefined
}

function faultOfResident(state: State<string>, resident: Resident<string>): string | undefined {
  const { key, users, usersByLane, isReserved } = resident
  const holders = [...state.holders.values()].filter((holder) => holder.residentId === resident.id)
  if (holders.length !== users) return `${key} has ${holders.length} users, counted as ${users}`
  if (isReserved !== holders.some(({ isReserving }) => isReserving)) return `${key} is reserved for nobody`
  if (isReserved && users !== 1) return `${users} are where one is to be alone`
  const lanes: Lane[] = ['slot', 'embedding', 'touch']
  if (!isReady(resident)) return users > 0 ? `${key} is used while it loads` : undefined
  if (lanes.some((lane) => usersByLane[lane] > laneRoom(resident, lane))) return `${key} has too many users`
  return undefined
}

function faultOfQueues(state: State<string>, limits: Limits): string | undefined {
  for (const { key, waiters, slotless } of state.queues.values()) {
    if (waiters.size === 0) return `an empty queue of ${key} is kept`
    const others = [...waiters.values()].filter(({ lane }) => lane !== 'slot').length
    if (others !== slotless) return `${others} of ${key} want no slot, counted as ${slotless}`
  }
  // Those who have to be alone are let in beyond the bound, and a load that ends counts its request again.
  const alone = [...state.queues.values()].flatMap(({ waiters }) =>
    [...waiters.values()].filter(({ request }) => request.isAlone === true),
  ).length
  if (queued(state) > limits.maxQueue + alone + state.queues.size) return `${queued(state)} wait`
  return undefined
}

function faultOfProgress(state: State<string>, limits: Limits, world: World): string | undefined {
  // What falls due at this very moment is done at the tick that is due as well.
  const isUndone = decide(state, limits, world.now()) !== undefined && world.timerAt() > world.now()
  if (isUndone) return 'something was left undone'
  if (state.waiting > 0 && world.timerAt() === Number.POSITIVE_INFINITY)
    return 'somebody waits without a deadline'
  return undefined
}
