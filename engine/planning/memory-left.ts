import { deviceOverheadBytes } from '../fit/overhead.ts'
import type { Device, Machine } from '../fit/types.ts'
import type { LoadedModel } from '../types.ts'
import { sumOf } from './memory-sum.ts'
import { type MemoryByDevice, type Occupancy, RAM } from './types.ts'

/** Nothing else is in memory. */
export const UNOCCUPIED: Occupancy = { staying: {}, loading: {}, leaving: {} }

/**
 * The machine with what will be free on it when the load begins. What is free on GPUs is a reading of the driver, so
 * models that stay are in it already. Main memory that maps the weights of models that stay counts as available to
 * the system, so what they hold is taken off the whole as well.
 */
export function machineAfter(machine: Machine, { staying, loading, leaving }: Occupancy): Machine {
  const { ram, devices } = machine
  const inRam = (memory: MemoryByDevice) => ramBytes(memory, devices)
  const left = Math.min(
    ram.availableBytes + inRam(leaving) - inRam(loading),
    ram.totalBytes - inRam(staying) - inRam(loading),
  )
  return {
    ...machine,
    devices: devices.map((device) => ({
      ...device,
      freeBytes: within(device.freeBytes + on(leaving, device) - on(loading, device), device.totalBytes),
    })),
    ram: { ...ram, availableBytes: within(left, ram.totalBytes) },
  }
}

/** The machine as it is for a model by itself: all that are in memory can go when it is wanted. */
export const machineAlone = (machine: Machine, loaded: readonly Pick<LoadedModel, 'memory'>[]): Machine =>
  machineAfter(machine, { ...UNOCCUPIED, leaving: sumOf(loaded.map(({ memory }) => memory)) })

const on = (memory: MemoryByDevice, { id }: Device): number => memory[id] ?? 0

/** The same with those who are to leave still there. */
export const nobodyLeft = ({ staying, loading, leaving }: Occupancy): Occupancy => ({
  staying: sumOf([staying, leaving]),
  loading,
  leaving: {},
})

const within = (bytes: number, most: number): number => Math.min(most, Math.max(0, bytes))

/** Main memory, and what devices take that have none of their own. */
const ramBytes = (memory: MemoryByDevice, devices: readonly Device[]): number =>
  devices
    .filter(({ isUnified }) => isUnified)
    .reduce((sum, device) => sum + on(memory, device), memory[RAM] ?? 0)

/** The machine with only a share of what is free on some of its devices, or in main memory. */
export function machineWithShares(machine: Machine, shares: MemoryByDevice): Machine {
  const { ram } = machine
  return {
    ...machine,
    devices: machine.devices.map((device) => ({
      ...device,
      freeBytes: device.freeBytes * (shares[device.id] ?? 1),
    })),
    ram: { ...ram, availableBytes: ram.availableBytes * (shares[RAM] ?? 1) },
  }
}

/**
 * The machine with nothing kept back in main memory for other programs; on GPUs only where layers are placed by the
 * user: elsewhere what finds no room there goes to main memory.
 */
export const machineWithoutReserves = (machine: Machine, isPlacedByUser: boolean): Machine => ({
  ...machine,
  devices: isPlacedByUser ? machine.devices.map(wholly) : machine.devices,
  ram: { ...machine.ram, reserveBytes: 0 },
})

const wholly = (device: Device): Device => ({
  ...device,
  freeBytes: device.freeBytes + deviceOverheadBytes(device),
})
