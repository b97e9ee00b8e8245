/** What a device is to llama.cpp: the backend that drives it. */
export type DeviceKind = 'cuda' | 'rocm' | 'vulkan' | 'metal' | 'cpu'
export type Vendor = 'nvidia' | 'amd' | 'intel' | 'apple' | 'other'

/** Bytes a second of a memory, as 10^9. */
export interface Bandwidth {
  gbPerSecond: number
  /**
   * `table`: the vendor's figure for this device. `driver`: bus width and clock as the driver reports them.
   * `measured`: read here. `estimate`: from class and size alone, may be off by half.
   */
  source: 'table' | 'driver' | 'measured' | 'estimate'
}

/** A part of an NVIDIA card that is a device of its own. */
export interface MigSlice {
  /** Such as `3g.40gb`. The size in it is rounded. */
  profile: string
  uuid: string
}

/** Somewhere weights can lie and be computed with. What is not known is absent, never 0. */
export interface Device {
  kind: DeviceKind
  vendor: Vendor
  /** The place among devices of the same kind in the order of the tool that told of it. */
  index: number
  name: string
  totalBytes?: number
  /** As of the probe: read again with `freeMemory` before a decision. */
  freeBytes?: number
  /** The memory is the machine's main memory: it counts once, not twice. */
  isUnified: boolean
  bandwidth?: Bandwidth
  fp16Tflops?: number
  /** The key of the decode constants, such as `nvidia-hbm`. */
  class?: string
  uuid?: string
  /** `0000:01:00.0`, in lower case. */
  pciAddress?: string
  /** `1002:744c`: vendor and product, in lower case. */
  pciId?: string
  /** The place in Vulkan's list, which `GGML_VK_VISIBLE_DEVICES` counts. */
  vulkanIndex?: number
  computeCapability?: string
  /** AMD's version of the instruction set, such as `gfx1100`. */
  gfx?: string
  driver?: string
  /** The card is split: only slices can be used, and the figures are the whole card's. */
  mig?: MigSlice[]
  /** The variable that hides this device from the engine. */
  maskedBy?: string
}

export interface RamReading {
  /** What the machine has, or the control group allows where that is less. */
  totalBytes: number
  /** What can be taken without swapping. */
  availableBytes: number
  /** The limit of the control group, if one is set. */
  limitBytes?: number
  /** Never to be added to memory. */
  swap?: { totalBytes: number; freeBytes: number }
  bandwidth?: Bandwidth
}

export interface NumaNode {
  id: number
  /** As the kernel writes it: `0-15,32-47`. */
  cpus: string
  totalBytes?: number
  freeBytes?: number
}

export interface CpuReading {
  name: string
  architecture: string
  physicalCores: number
  /** Processors this process may run on. */
  logicalCores: number
  /** Processor packages; absent where the system does not tell. */
  sockets?: number
  /** Processor time allowed by the control group, in CPUs; absent without a limit. */
  quota?: number
  /** Empty where the system does not tell. */
  numaNodes: NumaNode[]
  /** Instructions that matter for matrices, as the system names them. */
  features: string[]
}

export interface Hardware {
  /** GPUs first; the processor, which is always one, last. */
  devices: Device[]
  ram: RamReading
  cpu: CpuReading
  /** What was not found or not believed, and why. Sentences for people. */
  notes: string[]
}

/** What one probe has to say. */
export interface Found {
  devices: Device[]
  notes: string[]
}
