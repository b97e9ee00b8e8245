import { createFreeMemory, type FreeMemory } from '../hardware/free-memory.ts'
import type { Readers } from '../hardware/readers.ts'
import type { UsableDevice } from '../hardware/reconcile.ts'
import type { CpuSpeed } from './cpu-speed.ts'
import type { AskEngine, Inventory, ReadInventory } from './inventory.ts'
import { type FreeBytes, joinMachine, plannedDevice } from './join-machine.ts'
import type { ReadRamSpeed } from './ram-speed.ts'
import type { ReadMachine } from './types.ts'

export interface MachineParts {
  readers: Readers
  inventory: ReadInventory
  /** Asked for what is free on devices whose drivers do not tell. */
  engineDevices: AskEngine
  ramSpeed: ReadRamSpeed
  /** What a calibration of the processor has found; without it the speed of memory stands in. */
  cpuSpeed?: Pick<CpuSpeed, 'read'>
}

/**
 * Reads the machine as planning sees it: devices as the engine has them, what is free by their drivers or else by the
 * engine, main memory within the limit of the control group.
 */
export function createReadMachine({
  readers,
  inventory,
  engineDevices,
  ramSpeed,
  cpuSpeed,
}: MachineParts): ReadMachine {
  let last: { of: Inventory; read: () => Promise<FreeMemory> } | undefined
  function freeMemoryOf(now: Inventory): Promise<FreeMemory> {
    // Another inventory has other devices; one reader for one inventory shares answers between callers.
    if (last?.of !== now) last = { of: now, read: createFreeMemory(readers, { devices: now.gpus }) }
    return last.read()
  }
  return async () => {
    const found = await inventory()
    const { hardware, gpus, cpuReason, notes, linkBandwidth } = found
    const { ram, freeBytes } = await freeMemoryOf(found)
    const free = await freeOn(gpus, freeBytes, engineDevices)
    const speed = await ramSpeed({ cpu: hardware.cpu, ram: { ...hardware.ram, ...ram } })
    const profile = await cpuSpeed?.read(hardware.cpu)
    const devices = gpus.map((gpu, at) => plannedDevice(gpu, free.bytes[at]))
    return {
      machine: joinMachine({
        devices,
        ram,
        cpu: hardware.cpu,
        profile,
        ramBandwidth: speed.bytesPerSecond,
        linkBandwidth,
      }),
      ...(cpuReason === undefined ? {} : { cpuReason }),
      notes: [...notes, ...free.notes, ...(speed.note === undefined ? [] : [speed.note])],
    }
  }
}

interface Free {
  /** In the order of the devices; undefined where nobody tells. */
  bytes: (FreeBytes | undefined)[]
  notes: string[]
}

/** What is free on each: by the driver where it tells, otherwise by the engine. */
async function freeOn(
  gpus: readonly UsableDevice[],
  byDrivers: readonly (number | undefined)[],
  engineDevices: AskEngine,
): Promise<Free> {
  const told = gpus.map((gpu, at): FreeBytes | undefined => {
    const bytes = byDrivers[at]
    // The driver speaks of the whole card, of which the engine has a slice.
    if (bytes === undefined || gpu.mig !== undefined) return undefined
    return { bytes, measuredBy: 'driver' }
  })
  if (!told.includes(undefined)) return { bytes: told, notes: [] }
  const asked = await askForFree(engineDevices)
  const bytes = told.map((one, at) => one ?? asked.free.get(gpus[at]?.engineName ?? ''))
  const untold = gpus.filter((_, at) => bytes[at] === undefined).map(({ engineName }) => engineName)
  if (untold.length === 0) return { bytes, notes: [] }
  const why = asked.failure === undefined ? '' : `: ${asked.failure}`
  return { bytes, notes: [`nobody tells what is free on ${untold.join(', ')}: nothing is put there${why}`] }
}

async function askForFree(
  engineDevices: AskEngine,
): Promise<{ free: Map<string, FreeBytes>; failure?: string }> {
  try {
    const devices = await engineDevices()
    return {
      free: new Map(devices.map(({ name, freeBytes }) => [name, { bytes: freeBytes, measuredBy: 'ggml' }])),
    }
  } catch (error) {
    return { free: new Map(), failure: error instanceof Error ? error.message : String(error) }
  }
}
