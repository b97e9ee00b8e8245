/**
 * The placements worth comparing for one quantization, context and cache type. llama.cpp takes layers in order, so a
 * division is: how many first layers the CPU computes, how many first layers leave their experts in main memory,
 * and how many of the other parts go to each GPU. GPUs are filled one after the other, the fastest first: its own
 * default divides by free memory, which overfills a GPU where layers differ (src/llama-model.cpp), and its planner
 * (common/fit.cpp) asks nothing about main memory.
 */
import { deviceBudgetBytes } from './budget.ts'
import { decodeProfile } from './decode-profile.ts'
import { leastSufficient, type Packing, pack } from './packing.ts'
import { type Division, type Placement, type PlacementJob, placementOf } from './placement.ts'
import type { Device } from './types.ts'

export interface PlacementPins {
  /** Layers on GPUs, the output counted as one; more than there are means all. */
  gpuLayers?: number | undefined
  /** Use this one of the machine's devices alone. */
  mainGpu?: number | undefined
  /** Use all devices even where fewer are enough (OLLAMA_SCHED_SPREAD). */
  spreads?: boolean | undefined
}

/**
 * Placements that fit, if any do; otherwise those that come closest, with what stands in their way. Never empty.
 * Of divisions that differ only in how much a GPU takes over from the CPU, the one that takes most is here.
 */
export function placementOptions(job: PlacementJob, pins: PlacementPins = {}): Placement[] {
  const devices = usableDevices(job.machine.devices, pins)
  const cpu = () => placementOf(job, onCpu(job))
  if (pins.gpuLayers !== undefined) {
    const layers = Math.min(pins.gpuLayers, layersOf(job) + 1)
    if (devices.length === 0 || layers <= 0) return [cpu()]
    return [placementOf(job, pinnedDivision(job, devices, layers))]
  }
  if (devices.length === 0) return [cpu()]
  const place = (divisions: readonly Division[]) => divisions.map((division) => placementOf(job, division))
  const whole = place(pins.spreads ? spreadDivisions(job, devices) : wholeDivisions(job, devices))
  const experts = place(withExpertsInRam(job, devices, whole.length > 0))
  const options = [...whole, ...experts]
  const isUnified = devices.some((device) => device.isUnified)
  // What a unified device may not touch is no place for layers either.
  const needsLayers = isUnified
    ? options.length === 0
    : options.every(({ obstacle }) => obstacle !== undefined)
  if (needsLayers) options.push(...place(withLayersInRam(job, devices)))
  if (!isUnified) options.push(cpu())
  return options.length > 0 ? options : place([pinnedDivision(job, devices, layersOf(job) + 1)])
}

/**
 * The fastest first. An integrated GPU beside a real one only costs time (llama.cpp ggml/src/ggml-backend-reg.cpp
 * leaves it out too).
 */
export function usableDevices(all: readonly Device[], { mainGpu }: PlacementPins): Device[] {
  const main = mainGpu === undefined ? undefined : all[mainGpu]
  if (main !== undefined) return [main]
  const discrete = all.filter(({ isUnified }) => !isUnified)
  const usable = discrete.length > 0 ? discrete : all.slice(0, 1)
  return [...usable].sort((a, b) => readRate(b) - readRate(a))
}

/** Bytes of weights a second. */
const readRate = (device: Device): number => device.bandwidth * decodeProfile(device).efficiency

const layersOf = ({ offer }: PlacementJob): number => offer.parts.layers.length

/** CUDA and ROCm overlap steps on several GPUs when nothing is left to the CPU. */
const canPipeline = (devices: readonly Device[]): boolean =>
  devices.length > 1 && devices.every(({ speedClass }) => /^(nvidia|amd)-/.test(speedClass))

const onCpu = (job: PlacementJob): Division => ({
  devices: [],
  counts: [],
  firstLayer: layersOf(job),
  firstExperts: layersOf(job),
  isPipelined: false,
})

type Start = Pick<Division, 'firstLayer' | 'firstExperts'>

/** Packs the layers from the first on, and the output, on devices. */
function packed(
  job: PlacementJob,
  devices: readonly Device[],
  start: Start,
  percent = 100,
): Packing & Division {
  const isPipelined = isWhole(start) && canPipeline(devices)
  return packedAs(job, devices, { ...start, isPipelined, percent })
}

const isWhole = ({ firstLayer, firstExperts }: Start): boolean => firstLayer === 0 && firstExperts === 0

function packedAs(
  job: PlacementJob,
  devices: readonly Device[],
  { isPipelined, percent = 100, ...start }: Start & { isPipelined: boolean; percent?: number },
): Packing & Division {
  const { offer, costs, settings } = job
  const { layers, output } = offer.parts
  const compute = costs.computeBytes(isPipelined)
  const parts: number[] = []
  for (let layer = start.firstLayer; layer < layers.length; layer++) {
    const { dense = 0, experts = 0 } = layers[layer] ?? {}
    parts.push(dense + (layer >= start.firstExperts ? experts : 0) + (costs.cache[layer] ?? 0))
  }
  parts.push(output + compute.output)
  const rooms = devices.map((device) => ({
    bytes: (deviceBudgetBytes(device, settings) * percent) / 100,
    fixedBytes: compute.layers,
  }))
  return { ...pack(parts, rooms), devices, ...start, isPipelined }
}

/**
 * The parts on the fewest of the first devices that hold them all; undefined when all together do not. Rooms are
 * filled in order, so what the first few take is the beginning of what all take: as many packings do as there are
 * ways to count buffers, not one for each number of devices.
 */
function packedOnFewest(job: PlacementJob, devices: readonly Device[], start: Start): Division | undefined {
  const first = devices.slice(0, 1)
  const alone = packed(job, first, start)
  if (alone.left === 0) return alone
  const many = isWhole(start)
    ? devices.findIndex((_, i) => i > 0 && !canPipeline(devices.slice(0, i + 1)))
    : 1
  const pipelined = many < 0 ? devices.length : many
  const groups = [
    { least: 2, most: pipelined, isPipelined: true },
    { least: Math.max(2, pipelined + 1), most: devices.length, isPipelined: false },
  ]
  for (const { least, most, isPipelined } of groups) {
    if (most < least) continue
    const division = packedAs(job, devices.slice(0, most), { ...start, isPipelined })
    if (division.left > 0) continue
    const used = Math.max(least, division.counts.findLastIndex((count) => count > 0) + 1)
    return { ...division, devices: devices.slice(0, used), counts: division.counts.slice(0, used) }
  }
  return undefined
}

/** The first device that holds everything alone. One with no more room than another that does not is not tried. */
function packedOnOne(job: PlacementJob, devices: readonly Device[], start: Start): Division | undefined {
  let tooSmall = -1
  for (const device of devices) {
    const bytes = deviceBudgetBytes(device, job.settings)
    if (bytes <= tooSmall) continue
    const division = packed(job, [device], start)
    if (division.left === 0) return division
    tooSmall = bytes
  }
  return undefined
}

/** Everything on the fastest GPU that is large enough, and on as few of the fastest as are. */
function wholeDivisions(job: PlacementJob, devices: readonly Device[]): Division[] {
  const start = { firstLayer: 0, firstExperts: 0 }
  const single = packedOnOne(job, devices, start)
  const fewest = packedOnFewest(job, devices, start)
  const isSame = fewest?.devices.length === 1 && fewest.devices[0] === single?.devices[0]
  return [single, isSame ? undefined : fewest].filter((division) => division !== undefined)
}

/** Everything on all GPUs, each of them as full as the others. */
function spreadDivisions(job: PlacementJob, devices: readonly Device[]): Division[] {
  const start = { firstLayer: 0, firstExperts: 0 }
  const division = (percent: number) => packed(job, devices, start, percent)
  const least = leastSufficient(1, 100, (percent) => division(percent).left === 0)
  return least === undefined ? [] : [division(least)]
}

/**
 * As few experts in main memory as leave enough room on all GPUs, or on the fastest alone, which with the CPU may be
 * faster than several GPUs that hold everything.
 */
function withExpertsInRam(job: PlacementJob, devices: readonly Device[], fitsWhole: boolean): Division[] {
  const { layers } = job.offer.parts
  const first = layers.findIndex(({ experts }) => experts > 0)
  if (first < 0) return []
  const sets = [...(fitsWhole ? [] : [devices]), ...(devices.length > 1 ? [devices.slice(0, 1)] : [])]
  return sets.flatMap((some) => {
    const division = (firstExperts: number) => packed(job, some, { firstLayer: 0, firstExperts })
    const least = leastSufficient(first + 1, layers.length, (n) => division(n).left === 0)
    return least === undefined ? [] : [division(least)]
  })
}

/**
 * As few whole layers on the CPU as leave enough room. They cost attention and synchronisation that no estimate here
 * counts, so they do not compete with experts in main memory where these suffice.
 */
function withLayersInRam(job: PlacementJob, devices: readonly Device[]): Division[] {
  const division = (n: number) => packed(job, devices, { firstLayer: n, firstExperts: n })
  const least = leastSufficient(1, layersOf(job), (n) => division(n).left === 0)
  return least === undefined ? [] : [division(least)]
}

/** As the user wants it, on the fewest GPUs that hold it; on all of them, overfull, when they do not. */
function pinnedDivision(job: PlacementJob, devices: readonly Device[], gpuLayers: number): Division {
  const firstLayer = layersOf(job) + 1 - gpuLayers
  const start = { firstLayer, firstExperts: firstLayer }
  const enough = packedOnFewest(job, devices, start)
  if (enough !== undefined) return enough
  const division = packed(job, devices, start)
  const counts = division.counts.map((count, i, all) => count + (i === all.length - 1 ? division.left : 0))
  return { ...division, counts }
}
