import type { LoadPlan } from '../backend.ts'
import { deviceBudgetBytes, hostBudgetBytes } from '../fit/budget.ts'
import type { Candidate } from '../fit/candidates.ts'
import { shareBytes } from '../fit/placement.ts'
import type { Machine } from '../fit/types.ts'
import { type MemoryByDevice, RAM } from './types.ts'

type Placing = Pick<LoadPlan, 'gpuLayers' | 'mainGpu' | 'tensorSplit' | 'cpuExpertLayers'>

/** The operator has divided the model already: that stays as it is. */
const isDivided = ({ tensorSplit, cpuExpertLayers = 0 }: LoadPlan): boolean =>
  tensorSplit !== undefined || cpuExpertLayers !== 0

/**
 * Where a candidate's layers go, in the runner's terms. Shares of devices are numbers of layers, the output counted as
 * one: proportions then come out exactly.
 */
export function placingOf(wish: LoadPlan, { placement }: Candidate, { devices }: Machine): Placing {
  const { gpuLayers, shares, division } = placement
  if (isDivided(wish)) return { gpuLayers: wish.gpuLayers, mainGpu: wish.mainGpu }
  const indexes = shares.map(({ device }) => devices.findIndex(({ id }) => id === device.id))
  const [only] = indexes
  // One of several: named, or the library would spread the layers.
  const mainGpu = indexes.length === 1 && devices.length > 1 ? only : wish.mainGpu
  const counts = devices.map((_, index) => {
    const share = shares[indexes.indexOf(index)]
    return share === undefined ? 0 : share.layers + (share.hasOutput ? 1 : 0)
  })
  return {
    gpuLayers,
    mainGpu,
    ...(indexes.length > 1 ? { tensorSplit: counts } : {}),
    ...(placement.expertLayersInRam > 0 && gpuLayers > 0 ? { cpuExpertLayers: division.firstExperts } : {}),
  }
}

/** What a candidate takes, by device. */
export function needsOf({ placement }: Candidate): MemoryByDevice {
  const { shares, hostBytes, diskBytes } = placement
  const onDevices = shares.map((share) => [share.device.id, Math.round(shareBytes(share))] as const)
  return { ...Object.fromEntries(onDevices), [RAM]: Math.round(hostBytes - diskBytes) }
}

/** What a load with the candidate's settings may take on each device of this machine, less what is kept back. */
export function roomOn(machine: Machine, { settings }: Candidate): MemoryByDevice {
  const onDevices = machine.devices.map((device) => [device.id, deviceBudgetBytes(device, settings)] as const)
  return { ...Object.fromEntries(onDevices), [RAM]: hostBudgetBytes(machine) }
}
