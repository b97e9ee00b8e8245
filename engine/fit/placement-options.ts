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
  const { offer, costs, settings } = job
  const isWhole = start.firstLayer === 0 && start.firstExperts === 0
  const isPipelined = isWhole && canPipeline(devices)
  const compute = costs.computeBytes(isPipelined)
  const parts = offer.parts.layers.slice(start.firstLayer).map(({ dense, experts }, at) => {
    const layer = start.firstLayer + at
    return dense + (layer >= start.firstExperts ? experts : 0) + (costs.cache[layer] ?? 0)
  })
  const rooms = devices.map((device) => ({
    bytes: (deviceBudgetBytes(device, settings) * percent) / 100,
    fixedBytes: compute.layers,
  }))
  return {
    ...pack([...parts, offer.parts.output + compute.output], rooms),
    devices,
    ...start,
    isPipelined,
  }
}

const firstOf = (devices: readonly Device[]) => devices.map((_, i) => devices.slice(0, i + 1))

/** Everything on the fastest GPU that is large enough, and on as few of the fastest as are. */
function wholeDivisions(job: PlacementJob, devices: readonly Device[]): Division[] {
  const start = { firstLayer: 0, firstExperts: 0 }
  const fits = (some: readonly Device[]) => packed(job, some, start).left === 0
  const single = devices.map((device) => [device]).find(fits)
  const fewest = firstOf(devices).find(fits)
  const found = [single, single?.[0] === fewest?.[0] && fewest?.length === 1 ? undefined : fewest]
  return found.flatMap((some) => (some === undefined ? [] : packed(job, some, start)))
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
  const enough = firstOf(devices).find((some) => packed(job, some, start).left === 0)
  const division = packed(job, enough ?? devices, start)
  const counts = division.counts.map((count, i, all) => count + (i === all.length - 1 ? division.left : 0))
  return { ...division, counts }
}
