/** Where weights go and how they get there: the part of a load plan that becomes llama_model_params. */
import koffi from 'koffi'
import type { LoadPlan } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { isHostBuffer } from './buffers.ts'
import { LOAD_MODE, type ModelParams, type Pointer, tensorOverride } from './layout.ts'
import type { Library } from './library.ts'

/** The weights of routed experts, as llama.cpp names their tensors (common/common.h). */
const EXPERTS = String.raw`\.ffn_(up|down|gate|gate_up)_(ch|)exps`

/**
 * A pattern that matches the expert tensors of the first layers, as `--n-cpu-moe` counts them. One pattern for
 * all layers: llama.cpp compiles every pattern anew for every tensor.
 */
export function expertPattern(layers: number | 'all'): string {
  if (layers === 'all') return EXPERTS
  return String.raw`blk\.(${Array.from({ length: layers }, (_, layer) => layer).join('|')})${EXPERTS}`
}

/** The patterns of a plan with the device each puts its tensors on; the first that matches a tensor counts. */
export function overridesOf(
  plan: Pick<LoadPlan, 'tensorOverrides' | 'cpuExpertLayers'>,
): { pattern: string; device: string }[] {
  const { tensorOverrides = [], cpuExpertLayers = 0 } = plan
  const experts = cpuExpertLayers === 0 ? [] : [{ pattern: expertPattern(cpuExpertLayers), device: 'CPU' }]
  return [...tensorOverrides, ...experts]
}

/** Fields of llama_model_params that place weights. Throws EngineError `load_failed` for an unknown device. */
export function placementParams(library: Library, plan: LoadPlan): Partial<ModelParams> {
  const overrides = overridesOf(plan)
  return {
    n_gpu_layers: plan.gpuLayers < 0 ? -1 : plan.gpuLayers,
    load_mode: loadMode(plan),
    // A single GPU: no split over devices.
    ...(plan.mainGpu === undefined || !hasGpu(library) ? {} : { main_gpu: plan.mainGpu, split_mode: 0 }),
    ...(plan.tensorSplit === undefined ? {} : { tensor_split: splitArray(library, plan.tensorSplit) }),
    ...(overrides.length === 0 ? {} : { tensor_buft_overrides: overrideArray(library, overrides) }),
  }
}

/** The load mode of a plan; direct I/O reads past the page cache, so it excludes mapping and locking. */
export function loadMode({ mmap, mlock, directIo }: Pick<LoadPlan, 'mmap' | 'mlock' | 'directIo'>): number {
  if (directIo === true) return LOAD_MODE.directIo
  if (mlock === true) return mmap === false ? LOAD_MODE.mlock : LOAD_MODE.mmapMlock
  if (mmap === undefined) return LOAD_MODE.auto
  return mmap ? LOAD_MODE.mmap : LOAD_MODE.none
}

/** Native memory that the model may read as long as it lives, which is as long as the process. */
function splitArray(library: Library, shares: readonly number[]): unknown {
  // llama.cpp reads one number for every device it could have, whatever there is.
  const length = library.maxDevices()
  if (shares.length > length) {
    throw new EngineError('load_failed', `a tensor split names ${shares.length} devices, ${length} at most`)
  }
  const array = koffi.alloc('float', length)
  koffi.encode(array, koffi.array('float', length), [...shares, ...Array(length - shares.length).fill(0)])
  return array
}

/** As `splitArray`; the entry with a NULL pattern ends the list. */
function overrideArray(library: Library, overrides: readonly { pattern: string; device: string }[]): unknown {
  const entries = overrides.map(({ pattern, device }) => {
    const text = Buffer.from(`${pattern}\0`)
    const copy = koffi.alloc('uint8_t', text.length)
    new Uint8Array(koffi.view(copy, text.length)).set(text)
    return { pattern: copy, buft: bufferType(library, device) }
  })
  const array = koffi.alloc(tensorOverride, entries.length + 1)
  koffi.encode(array, koffi.array(tensorOverride, entries.length + 1), [
    ...entries,
    { pattern: null, buft: null },
  ])
  return array
}

function bufferType(library: Library, device: string): Pointer {
  if (device === 'CPU') return library.cpuBufferType()
  const found = library.deviceByName(device)
  if (found !== null) return library.deviceBufferType(found)
  const known = deviceNames(library).join(', ')
  throw new EngineError('load_failed', `there is no device ${device} to put tensors on; there are ${known}`)
}

/** llama.cpp refuses to load anything when a GPU is named and there is none. */
const hasGpu = (library: Library): boolean => gpuDevices(library).length > 0

/** Devices that are not the processor. */
export function gpuDevices(library: Library): Pointer[] {
  return devicesOf(library).filter((device) => {
    const name = library.deviceName(device)
    return name !== 'CPU' && !isHostBuffer(name)
  })
}

const deviceNames = (library: Library): string[] => devicesOf(library).map((d) => library.deviceName(d))

const devicesOf = (library: Library): Pointer[] =>
  Array.from({ length: library.deviceCount() }, (_, i) => library.device(i))

/** Bytes that the GPUs say are free; 0 without one. */
export function freeGpuMemory(library: Library): number {
  return gpuDevices(library).reduce((sum, device) => {
    const bytes = new BigUint64Array(2)
    library.deviceMemory(device, bytes.subarray(0, 1), bytes.subarray(1))
    return sum + Number(bytes[0] ?? 0n)
  }, 0)
}
