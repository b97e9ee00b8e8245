/** What the machine has against what the engine can use of it. The engine has the last word. */
import { withTableFacts } from './device-table.ts'
import type { Bandwidth, Device, DeviceKind, Hardware, Vendor } from './types.ts'

/** A device as llama.cpp names it. */
export interface EngineDevice {
  /** Such as `CUDA0`. */
  name: string
  /** Such as `NVIDIA GeForce RTX 4090`. */
  description: string
  totalBytes: number
  /** As of when it was asked. */
  freeBytes: number
  /** Absent where ggml has a kind of device that is not known here. */
  type?: 'cpu' | 'gpu' | 'integrated-gpu' | 'accelerator'
  /** `0000:01:00.0`, in lower case; absent where the backend does not tell. */
  pciAddress?: string
}

/** What engine there is. */
export interface EngineBuild {
  platform: NodeJS.Platform
  architecture: string
  /** The GPU backends among its libraries: see `backendsAmong`. */
  backends: readonly DeviceKind[]
  /** The version of the npm packages with the libraries, so that others fit to them. */
  packageVersion?: string
}

export interface UsableDevice extends Device {
  engineName: string
  bandwidth: Bandwidth
}

export interface Reconciled {
  /** GPUs that the engine uses, in its order, each card once. */
  gpus: UsableDevice[]
  /** GPUs that probes found and the engine does not use. */
  unused: Device[]
  /** Why nothing runs on a GPU; absent when something does. */
  cpuReason?: string
  notes: string[]
}

const BACKENDS: readonly [RegExp, DeviceKind][] = [
  [/^CUDA\d/, 'cuda'],
  [/^(?:ROCm|HIP)\d/, 'rocm'],
  [/^(?:Metal|MTL)\d*$/, 'metal'],
  [/^Vulkan\d/, 'vulkan'],
]
const kindOf = (name: string) => BACKENDS.find(([pattern]) => pattern.test(name))?.[1]

/** Where one card comes twice, the backend that is faster on it. */
const PREFERENCE: readonly DeviceKind[] = ['metal', 'cuda', 'rocm', 'vulkan']
const LIBRARIES: readonly [RegExp, DeviceKind][] = [
  [/ggml-cuda\b/, 'cuda'],
  [/ggml-hip\b/, 'rocm'],
  [/ggml-metal\b/, 'metal'],
  [/ggml-vulkan\b/, 'vulkan'],
]

/** The GPU backends in a folder of llama.cpp's libraries, by the names of its files. */
export const backendsAmong = (files: readonly string[]): DeviceKind[] =>
  LIBRARIES.filter(([pattern]) => files.some((file) => pattern.test(file))).map(([, kind]) => kind)

/**
 * The GPUs that the engine named, with what the probes know of them, and a reason for each that it does not use.
 * Figures of memory are the engine's.
 */
export function reconcile(
  hardware: Pick<Hardware, 'devices'>,
  engineDevices: readonly EngineDevice[],
  build: EngineBuild,
): Reconciled {
  const probed = hardware.devices.filter(({ kind }) => kind !== 'cpu')
  const { gpus, used, notes } = joined(probed, engineDevices)
  const unused = probed.filter((card) => !used.has(card))
  const reasons = unused.map((card) => whyUnused(card, build))
  if (gpus.length > 0) return { gpus, unused, notes: [...notes, ...reasons] }
  return { gpus, unused, cpuReason: probed.length > 0 ? reasons.join('; ') : 'no GPU was found', notes }
}

/** The engine's GPUs in its order, the cards they are, and which of them came twice. */
function joined(
  probed: readonly Device[],
  engineDevices: readonly EngineDevice[],
): { gpus: UsableDevice[]; used: Map<Device | string, string>; notes: string[] } {
  // By card, and by address where no probe found the card.
  const used = new Map<Device | string, string>()
  const notes: string[] = []
  const mine = withoutIntegrated(engineDevices)
  const gpus: { at: number; device: UsableDevice }[] = []
  for (const kind of PREFERENCE) {
    const free = new Set(probed)
    for (const [at, engine] of [...mine.entries()].filter(([, { name }]) => kindOf(name) === kind)) {
      const card = bestMatch(engine, [...free])
      const keys = [card, engine.pciAddress].filter((key) => key !== undefined)
      const twin = keys.map((key) => used.get(key)).find((name) => name !== undefined)
      if (card !== undefined) free.delete(card)
      if (twin !== undefined) {
        notes.push(`${engine.name} is the same card as ${twin}: it is used once`)
        continue
      }
      gpus.push({ at, device: usable(engine, kind, card) })
      for (const key of keys) used.set(key, engine.name)
    }
  }
  return { gpus: gpus.sort((one, other) => one.at - other.at).map(({ device }) => device), used, notes }
}

/** llama.cpp takes graphics of the processor only where there is nothing else (llama_prepare_model_devices). */
function withoutIntegrated(devices: readonly EngineDevice[]): readonly EngineDevice[] {
  const others = devices.filter(({ type }) => type !== 'integrated-gpu')
  return others.some(({ name }) => kindOf(name) !== undefined) ? others : devices
}

/** A device that no probe found. */
const stranger = ({ name, description, type, pciAddress }: EngineDevice, kind: DeviceKind): Device => ({
  kind,
  vendor: 'other',
  index: Number(/\d+$/.exec(name)?.[0] ?? 0),
  name: description,
  isUnified: kind === 'metal' || type === 'integrated-gpu',
  ...(pciAddress === undefined ? {} : { pciAddress }),
})

function usable(engine: EngineDevice, kind: DeviceKind, card: Device | undefined): UsableDevice {
  const { name, description, totalBytes, freeBytes } = engine
  const { maskedBy: _seenAfterAll, ...facts } = card ?? stranger(engine, kind)
  const device: Device = { ...facts, ...sliceFacts(card, totalBytes), kind, totalBytes, freeBytes }
  // A probe that had only numbers for a card gives way to the engine's name, which the table may know.
  const isNamed = device.pciId === undefined || !device.name.includes(device.pciId)
  const named = { ...device, name: isNamed ? device.name : description }
  const { bandwidth } = device
  if (bandwidth !== undefined && bandwidth.source !== 'estimate') {
    return { ...named, bandwidth, engineName: name }
  }
  return { ...withTableFacts({ ...named, name: description }), name: named.name, engineName: name }
}

/** Of a card in as many parts, a slice has so many multiprocessors (NVIDIA's user guide of MIG). */
const COMPUTE_PARTS = 7

/** What a slice has of its card: bandwidth by its share of the memory, speed by the first number of its profile. */
function sliceFacts(card: Device | undefined, sliceBytes: number): Partial<Device> {
  const { mig: [slice] = [], totalBytes, bandwidth, fp16Tflops } = card ?? {}
  if (slice === undefined || totalBytes === undefined || bandwidth === undefined) return {}
  const gbPerSecond = bandwidth.gbPerSecond * Math.min(1, sliceBytes / totalBytes)
  const parts = Number(/(\d)g\./.exec(slice.profile)?.[1] ?? COMPUTE_PARTS)
  return {
    bandwidth: { ...bandwidth, gbPerSecond },
    ...(fp16Tflops === undefined ? {} : { fp16Tflops: (fp16Tflops * parts) / COMPUTE_PARTS }),
  }
}

/** Names as different tools spell them: `AMD Radeon RX 7900 XTX (RADV NAVI31)`, `Intel(R) Arc(TM) A770 Graphics`. */
const plainName = (name: string) =>
  name
    .toLowerCase()
    .replace(/\((?:r|tm)\)/g, '')
    .replace(/ mig \S+$/, '')
    .replace(/\(.*?\)|\b(?:nvidia|amd|intel|graphics)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

const VENDOR_NAMES: readonly [RegExp, Vendor][] = [
  [/nvidia|geforce|quadro|tesla/i, 'nvidia'],
  [/\bamd\b|radeon|instinct|\bgfx/i, 'amd'],
  [/intel/i, 'intel'],
  [/apple/i, 'apple'],
]

/** The card in this place, else the card with this name, else the only one of its maker; of several with one name the nearest in size. */
function bestMatch(
  { description, totalBytes, pciAddress }: EngineDevice,
  cards: readonly Device[],
): Device | undefined {
  const there = cards.find((card) => card.pciAddress !== undefined && card.pciAddress === pciAddress)
  if (there !== undefined) return there
  const distance = (card: Device) => Math.abs((card.totalBytes ?? 0) - totalBytes)
  const [nearest] = cards
    .filter(({ name }) => plainName(name) === plainName(description))
    .sort((one, other) => Number(isMasked(one)) - Number(isMasked(other)) || distance(one) - distance(other))
  if (nearest !== undefined) return nearest
  const vendor = VENDOR_NAMES.find(([pattern]) => pattern.test(description))?.[1]
  const ofVendor = cards.filter((card) => card.vendor === vendor && !isMasked(card))
  return ofVendor.length === 1 ? ofVendor[0] : undefined
}

const isMasked = ({ maskedBy }: Device) => maskedBy !== undefined

function whyUnused(card: Device, build: EngineBuild): string {
  const { name, vendor, maskedBy, mig, isUnified, driver } = card
  if (maskedBy !== undefined) return `${name} is hidden by ${maskedBy}`
  if (mig?.length === 0) return `${name} is in MIG mode without slices`
  const backends = drivenBy(vendor)
  const there = backends.filter((kind) => build.backends.includes(kind))
  if (there.length > 0) {
    if (isUnified && vendor !== 'nvidia' && vendor !== 'apple')
      return `${name} is part of the processor, and left alone`
    const version = driver === undefined ? '' : ` (${driver})`
    return `${name} is there, but the engine's ${labels(there)} libraries found no device: its driver${version} may be too old`
  }
  return `${name} is there, but the engine has no ${labels(backends)} libraries: ${howToGet(backends, build)}`
}

function drivenBy(vendor: Vendor): DeviceKind[] {
  if (vendor === 'nvidia') return ['cuda', 'vulkan']
  if (vendor === 'apple') return ['metal']
  return vendor === 'amd' ? ['rocm', 'vulkan'] : ['vulkan']
}

const LABELS: Readonly<Record<DeviceKind, string>> = {
  cuda: 'CUDA',
  rocm: 'ROCm',
  vulkan: 'Vulkan',
  metal: 'Metal',
  cpu: 'CPU',
}
const labels = (kinds: readonly DeviceKind[]) => kinds.map((kind) => LABELS[kind]).join(' or ')

/** Packages with GPU libraries exist for these systems (optional dependencies of node-llama-cpp). */
const PACKAGES: Readonly<Record<string, readonly DeviceKind[]>> = {
  'linux-x64': ['cuda', 'vulkan'],
  'win-x64': ['cuda', 'vulkan'],
}

function howToGet(
  backends: readonly DeviceKind[],
  { platform, architecture, packageVersion }: EngineBuild,
): string {
  const system = `${platform === 'win32' ? 'win' : platform}-${architecture}`
  const backend = backends.find((kind) => PACKAGES[system]?.includes(kind))
  if (backend === undefined) return 'build llama.cpp with them and set SNUG_LIBRARY_DIR to their folder'
  const version = packageVersion === undefined ? '' : `@${packageVersion}`
  return `npm install @node-llama-cpp/${system}-${backend}${version}`
}
