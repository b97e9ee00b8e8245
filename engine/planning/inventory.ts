/**
 * What the machine is made of and what the engine uses of it. The tools of drivers and the engine are asked once, and
 * again when the system has got another device node, as when a driver is loaded after the server has started.
 */
import { EngineError } from '../errors.ts'
import { linkBandwidth } from '../hardware/pci-link.ts'
import { probeHardware } from '../hardware/probe.ts'
import type { Readers } from '../hardware/readers.ts'
import { type EngineBuild, type EngineDevice, reconcile, type UsableDevice } from '../hardware/reconcile.ts'
import type { Device, Hardware } from '../hardware/types.ts'

export interface Inventory {
  /** What the probes found, used or not. */
  hardware: Hardware
  /** What the engine uses, in its order. */
  gpus: UsableDevice[]
  /** Bytes a second between main memory and the GPU that is reached worst; absent where nobody tells. */
  linkBandwidth?: number
  /** GPUs that probes found and the engine does not use. */
  unused: readonly Device[]
  /** Why nothing runs on a GPU; absent when something can. */
  cpuReason?: string
  /** What was not found, not believed or not used, in sentences. */
  notes: readonly string[]
}

/** Never throws. Takes milliseconds to seconds the first time, and hardly anything after that. */
export type ReadInventory = () => Promise<Inventory>

/** Asks the engine which devices it has. Throws EngineError. */
export type AskEngine = () => Promise<readonly EngineDevice[]>

/** Reads what engine there is. Throws EngineError `load_failed` where there is none. */
export type ReadBuild = () => Promise<EngineBuild>

export interface InventoryParts {
  readers: Readers
  build: ReadBuild
  engineDevices: AskEngine
  now?: () => number
}

/** An engine that could not be asked is asked again after this time at the earliest. */
const RETRY_MS = 30_000

interface Taken {
  inventory: Inventory
  nodes: string
  /** When to ask again, whatever the nodes say. */
  until: number
}

export function createInventory(parts: InventoryParts): ReadInventory {
  const { readers, now = () => performance.now() } = parts
  let taken: Promise<Taken> | undefined
  async function take(): Promise<Taken> {
    const { inventory, isSure } = await takeInventory(parts)
    // Asking for devices may be what makes their nodes, so they are looked at afterwards.
    return { inventory, nodes: await deviceNodes(readers), until: isSure ? Infinity : now() + RETRY_MS }
  }
  return async () => {
    taken ??= take()
    const asked = taken
    const { inventory, nodes, until } = await asked
    if (now() < until && nodes === (await deviceNodes(readers))) return inventory
    // Of several callers that find it old, the first asks.
    if (taken === asked) taken = take()
    return (await taken).inventory
  }
}

async function takeInventory(parts: InventoryParts): Promise<{ inventory: Inventory; isSure: boolean }> {
  const [hardware, engine] = await Promise.all([probeHardware(parts.readers), askedEngine(parts)])
  if (typeof engine === 'string') {
    const unused = hardware.devices.filter(({ kind }) => kind !== 'cpu')
    return {
      inventory: { hardware, gpus: [], unused, cpuReason: engine, notes: hardware.notes },
      isSure: false,
    }
  }
  const { notes, ...reconciled } = reconcile(hardware, engine.devices, engine.build)
  const slowest = await slowestLink(parts.readers, reconciled.gpus)
  const link = slowest === undefined ? {} : { linkBandwidth: slowest }
  return {
    inventory: { hardware, ...reconciled, ...link, notes: [...hardware.notes, ...notes] },
    isSure: true,
  }
}

async function slowestLink(readers: Readers, gpus: readonly UsableDevice[]): Promise<number | undefined> {
  const addresses = gpus.flatMap(({ isUnified, pciAddress }) => (isUnified ? [] : (pciAddress ?? [])))
  const links = await Promise.all(addresses.map((address) => linkBandwidth(readers, address)))
  const known = links.filter((link) => link !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** The engine's devices, or why it does not tell them. */
async function askedEngine({
  build,
  engineDevices,
}: InventoryParts): Promise<{ build: EngineBuild; devices: readonly EngineDevice[] } | string> {
  try {
    return { build: await build(), devices: await engineDevices() }
  } catch (error) {
    if (error instanceof EngineError) return error.message
    return `the engine does not tell its devices: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Where drivers show devices to programs, on Linux; elsewhere nothing changes while a program runs. */
async function deviceNodes(readers: Readers): Promise<string> {
  const [nodes, cards] = await Promise.all([readers.list('/dev'), readers.list('/dev/dri')])
  return [...nodes.filter((name) => /^(?:nvidia|kfd)/.test(name)), ...cards].join()
}
