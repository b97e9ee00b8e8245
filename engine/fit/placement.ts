import { deviceBudgetBytes, hostBudgetBytes } from './budget.ts'
import type { PartCosts } from './part-costs.ts'
import type { Device, LoadSettings, Machine, Offer } from './types.ts'

/** Which parts of a model go where; layers count from 0, and the output comes after the last. */
export interface Division {
  devices: readonly Device[]
  /** Parts, the output among them, on each device. */
  counts: readonly number[]
  /** Layers before this one are computed by the CPU, with their cache in main memory. */
  firstLayer: number
  /** Layers before this one have their routed experts in main memory (llama.cpp's --n-cpu-moe). */
  firstExperts: number
  isPipelined: boolean
}

export type PlacementMode = 'gpu' | 'experts-in-ram' | 'layers-in-ram' | 'cpu'
/** What is too small: a GPU, the GPU's part of shared memory, or main memory. */
export type Obstacle = 'device-memory' | 'gpu-cap' | 'host-memory'

/** What lies on one device, in bytes. */
export interface DeviceShare {
  device: Device
  firstLayer: number
  /** Without the output. */
  layers: number
  hasOutput: boolean
  /** Of these, routed experts and all else; the output counts as dense. */
  denseBytes: number
  expertBytes: number
  cacheBytes: number
  computeBytes: number
  budgetBytes: number
}

/** What lies in main memory, in bytes. */
export interface HostShare {
  /** Tables that tokens are looked up in: never read as a whole. */
  lookupBytes: number
  denseBytes: number
  expertBytes: number
  cacheBytes: number
  computeBytes: number
  budgetBytes: number
}

/** Where every part of a model would lie. */
export interface Placement {
  mode: PlacementMode
  /** Layers on GPUs, the output counted as one (llama.cpp's -ngl). */
  gpuLayers: number
  layers: number
  /** Layers with routed experts, and how many of them have these in main memory. */
  expertLayers: number
  expertLayersInRam: number
  division: Division
  shares: readonly DeviceShare[]
  host: HostShare
  deviceBytes: number
  hostBytes: number
  /** Undefined when everything fits. */
  obstacle: Obstacle | undefined
  /** By how much the obstacle is too small. */
  missingBytes: number
  /** Weights that have no room in memory and are read from disk for every token. */
  diskBytes: number
}

export interface PlacementJob {
  offer: Offer
  machine: Machine
  settings: LoadSettings
  costs: PartCosts
  allowsDisk: boolean
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Bytes on a device. */
export const shareBytes = (share: DeviceShare): number =>
  share.denseBytes + share.expertBytes + share.cacheBytes + share.computeBytes

/** The placement that a division of parts makes, with what stands in its way. */
export function placementOf(job: PlacementJob, division: Division): Placement {
  const { layers } = job.offer.parts
  const shares = deviceShares(job, division)
  const host = hostShare(job, division)
  const withExperts = layers
    .map(({ experts }, layer) => ({ experts, layer }))
    .filter(({ experts }) => experts > 0)
  const deviceBytes = sum(shares.map(shareBytes))
  const hostBytes =
    host.lookupBytes + host.denseBytes + host.expertBytes + host.cacheBytes + host.computeBytes
  const placed = {
    gpuLayers: sum(division.counts),
    layers: layers.length,
    expertLayers: withExperts.length,
    expertLayersInRam: withExperts.filter(({ layer }) => layer < division.firstExperts).length,
    division,
    shares,
    host,
    deviceBytes,
    hostBytes,
  }
  return { ...placed, mode: modeOf(placed), ...obstacleTo(job, placed) }
}

type Placed = Omit<Placement, 'mode' | 'obstacle' | 'missingBytes' | 'diskBytes'>

function modeOf({ gpuLayers, layers, expertLayersInRam }: Placed): PlacementMode {
  if (gpuLayers === 0) return 'cpu'
  if (gpuLayers <= layers) return 'layers-in-ram'
  return expertLayersInRam > 0 ? 'experts-in-ram' : 'gpu'
}

function deviceShares({ offer, settings, costs }: PlacementJob, division: Division): DeviceShare[] {
  const { layers, output } = offer.parts
  let next = division.firstLayer
  return division.devices.flatMap((device, i) => {
    const count = division.counts[i] ?? 0
    if (count === 0) return []
    const first = next
    next += count
    const hasOutput = next > layers.length
    const own = layers.slice(first, next)
    const experts = own.map((layer, at) => (first + at >= division.firstExperts ? layer.experts : 0))
    const compute = costs.computeBytes(division.isPipelined)
    return {
      device,
      firstLayer: first,
      layers: own.length,
      hasOutput,
      denseBytes: sum(own.map(({ dense }) => dense)) + (hasOutput ? output : 0),
      expertBytes: sum(experts),
      cacheBytes: sum(costs.cache.slice(first, next)),
      computeBytes: compute.layers + (hasOutput ? compute.output : 0),
      budgetBytes: deviceBudgetBytes(device, settings),
    }
  })
}

function hostShare({ offer, machine, costs }: PlacementJob, division: Division): HostShare {
  const { layers, lookup, output } = offer.parts
  const isCpuOnly = division.counts.every((count) => count === 0)
  const own = layers.slice(0, division.firstLayer)
  const inRam = layers.slice(0, Math.max(division.firstLayer, division.firstExperts))
  const compute = costs.computeBytes(false)
  // Without a device the embedding serves as output matrix from where it is.
  const outputWeights = isCpuOnly && !offer.isTied ? output : 0
  return {
    lookupBytes: lookup,
    denseBytes: sum(own.map(({ dense }) => dense)) + outputWeights,
    expertBytes: sum(inRam.map(({ experts }) => experts)),
    cacheBytes: sum(costs.cache.slice(0, division.firstLayer)),
    computeBytes: costs.outputBytes + (isCpuOnly ? compute.cpu : compute.host),
    budgetBytes: hostBudgetBytes(machine),
  }
}

/** What is too small, if anything, the GPUs first. */
function obstacleTo(
  { allowsDisk }: PlacementJob,
  { shares, host, deviceBytes, hostBytes, gpuLayers, layers, expertLayersInRam }: Placed,
): Pick<Placement, 'obstacle' | 'missingBytes' | 'diskBytes'> {
  const isUnified = shares.some(({ device }) => device.isUnified)
  const over = sum(shares.map((share) => Math.max(0, shareBytes(share) - share.budgetBytes)))
  const isSplit = gpuLayers <= layers || expertLayersInRam > 0
  // What Metal may not touch gains nothing by being called main memory: it is the same memory.
  if (isUnified && (over > 0 || isSplit)) {
    const beside = isSplit ? host.denseBytes + host.expertBytes + host.cacheBytes : 0
    return { obstacle: 'gpu-cap', missingBytes: Math.max(over, beside), diskBytes: 0 }
  }
  if (over > 0) return { obstacle: 'device-memory', missingBytes: over, diskBytes: 0 }
  const missing = hostBytes + (isUnified ? deviceBytes : 0) - host.budgetBytes
  if (missing <= 0) return { obstacle: undefined, missingBytes: 0, diskBytes: 0 }
  const pageable = host.denseBytes + host.expertBytes
  if (allowsDisk && !isUnified && missing <= pageable) {
    return { obstacle: undefined, missingBytes: 0, diskBytes: missing }
  }
  return { obstacle: 'host-memory', missingBytes: missing, diskBytes: 0 }
}
