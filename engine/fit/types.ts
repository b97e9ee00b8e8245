import type { FileType } from '../gguf/file-type.ts'
import type { CacheType } from './cache.ts'
import type { CpuProfile, TypeBytes } from './cpu-profile.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { MeasuredDevice } from './overhead.ts'
import type { WeightParts } from './weights.ts'

/** Devices of a class reach about the same share of their memory's bandwidth. */
export const SPEED_CLASSES = [
  'nvidia-gddr',
  'nvidia-hbm',
  'nvidia-unified',
  'amd-gddr',
  'amd-hbm',
  'amd-unified',
  'intel-gddr',
  'apple',
  'apple-m1',
  'apple-ultra',
  'unknown',
] as const
export type SpeedClass = (typeof SPEED_CLASSES)[number]

/** What decides how fast a device gives tokens, beside its bandwidth. */
export interface DecodeProfile {
  /** Share of the bandwidth that reading weights reaches. */
  efficiency: number
  /** Fixed cost of each layer, in seconds a token; further for mixtures of experts and latent attention. */
  layerSeconds: number
  expertLayerSeconds: number
  latentLayerSeconds: number
}

/** A GPU, or what the driver shows as one. */
export interface Device extends MeasuredDevice {
  /** As the runner calls it, such as `CUDA0`. */
  id: string
  name: string
  speedClass: SpeedClass
  freeBytes: number
  /** Of its memory by its data sheet, in bytes a second. */
  bandwidth: number
  /** 10^12 half-precision operations a second outside matrix engines; undefined where nobody knows. */
  tflops?: number | undefined
  /** Fitted to measurements of this device; otherwise its class's constants stand in. */
  decode?: Partial<DecodeProfile> | undefined
  /** Somebody's guess, for want of a data sheet. */
  isGuess?: boolean
}

export interface Machine {
  /** In the order of the runner. */
  devices: readonly Device[]
  ram: {
    totalBytes: number
    availableBytes: number
    /** Bytes a second as measured by copying, which is about 0.8 of what data sheets promise. */
    bandwidth: number
    /** A control group limits it: nobody else needs a part of it. */
    isContainer?: boolean
    /** Bytes to leave alone, in place of what is usually kept for other programs. */
    reserveBytes?: number
  }
  /** Physical cores. */
  cores: number
  sockets?: number
  /** Measured by a calibration; without one, shares of `ram.bandwidth` stand in. */
  cpu?: CpuProfile
  /** Bytes a second between main memory and a GPU. */
  linkBandwidth?: number
  /** Bytes a second read from disk at random. */
  diskBandwidth?: number
}

/** Where weights come from. */
export type OfferSource = 'installed' | 'library' | 'hugging-face' | 'local-quantization'

/** One quantization of a model that could be run. */
export interface Offer {
  /** What to ask for: a model's name with its tag, or a file. */
  name: string
  fileType: FileType
  source: OfferSource
  parts: WeightParts
  /** Of all tensors together. */
  weightBytes: number
  /** What tokens are computed with, by block type: no tables that they are looked up in. */
  typeBytes?: { dense: TypeBytes; experts: TypeBytes }
  /** What its file weighs is known, by its header or its size, and not computed by a recipe. */
  isExact: boolean
  /** The model was trained in this type: nothing was lost. */
  isNative: boolean
  /** The output matrix is the embedding. */
  isTied: boolean
}

/** A model as planning sees it. */
export interface ModelFacts {
  name: string
  hyperparameters: Hyperparameters
  experts: { used: number; count: number } | undefined
  parameters: number
  /** Weights that are read for one token. */
  activeParameters: number
  /** Tokens it was trained for. */
  contextLength: number
  offers: readonly Offer[]
}

/** How a model would be loaded, beside which weights and where. */
export interface LoadSettings {
  /** Tokens of each sequence. */
  contextLength: number
  cacheType: CacheType
  /** Sequences at a time, each with a context of its own. */
  sequences: number
  /** Most tokens of a compute step. */
  stepTokens: number
  hasFlashAttention: boolean
  /** Bytes that each GPU leaves free beyond its margin (OLLAMA_GPU_OVERHEAD). */
  deviceReserveBytes: number
}
