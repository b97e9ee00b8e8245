import type { FileType } from '../gguf/file-type.ts'
import { mixedRate } from './cpu-profile.ts'
import type { DecodeProfile, Device, Machine, Offer, SpeedClass } from './types.ts'

const MICROSECOND = 1e-6

/** Share of bandwidth; then microseconds a layer, more with experts, more with latent attention. */
type Row = readonly [efficiency: number, layer: number, experts: number, latent: number]

/**
 * What devices of a class reach, fitted to published runs of llama.cpp: XiongjieDai/GPU-Benchmarks-on-LLM-Inference,
 * geerlingguy/ai-benchmarks and the community results of AlexsJones/llmfit. Good for RTX 20 to 50, GB10, RX 7900 XT
 * and Apple; fair for A100 and H100; copied from a neighbour or guessed for `amd-hbm`, `amd-unified`, `intel-gddr`
 * and devices that nobody knows.
 */
const CLASSES: Record<SpeedClass, Row> = {
  'nvidia-gddr': [0.85, 45, 15, 50],
  'nvidia-hbm': [0.6, 85, 15, 50],
  'nvidia-unified': [0.86, 65, 0, 50],
  'amd-gddr': [0.87, 70, 10, 35],
  'amd-hbm': [0.6, 85, 15, 50],
  'amd-unified': [0.8, 80, 20, 50],
  'intel-gddr': [0.6, 150, 50, 50],
  apple: [0.9, 95, 75, 0],
  'apple-m1': [0.65, 95, 75, 0],
  'apple-ultra': [0.72, 100, 75, 0],
  unknown: [0.6, 100, 50, 50],
}
const UNTESTED: ReadonlySet<SpeedClass> = new Set(['amd-hbm', 'amd-unified', 'intel-gddr', 'unknown'])

/** The device's own constants, and its class's for the rest. */
export function decodeProfile({ speedClass, decode }: Device): DecodeProfile {
  const [efficiency, layer, experts, latent] = CLASSES[speedClass]
  return {
    efficiency: decode?.efficiency ?? efficiency,
    layerSeconds: decode?.layerSeconds ?? layer * MICROSECOND,
    expertLayerSeconds: decode?.expertLayerSeconds ?? experts * MICROSECOND,
    latentLayerSeconds: decode?.latentLayerSeconds ?? latent * MICROSECOND,
  }
}

/** Whether constants or data of the device are guesses. */
export const isGuessed = ({ speedClass, isGuess = false, decode }: Device): boolean =>
  isGuess || (UNTESTED.has(speedClass) && decode?.efficiency === undefined)

/** Of measured bandwidth; experts are many small matrices, and reading them jumps about. */
const CPU_DENSE = 0.9
const CPU_EXPERTS = 0.4
/** Types below four bits with codebooks keep CPUs busy with unpacking. An estimate. */
const CPU_CODEBOOK = 0.6
const CODEBOOK = /^IQ[123]/
/** Without any GPU, on many cores or several sockets: threads wait for each other and for far memory. */
const CPU_CROWD = 0.65
const CROWD_CORES = 64

/** What weights cost on the CPU: bytes a second, and fixed seconds a layer. */
export interface CpuRates {
  dense: number
  experts: number
  layerSeconds: number
  expertLayerSeconds: number
  /** By a calibration of this machine. */
  isMeasured: boolean
}

/** By the machine's calibration where it covers all types of the offer, otherwise by shares of its bandwidth. */
export function cpuRates(
  machine: Machine,
  { offer, isCpuOnly }: { offer: Pick<Offer, 'fileType' | 'typeBytes'>; isCpuOnly: boolean },
): CpuRates {
  return measuredRates(machine, offer) ?? estimatedRates(machine, { fileType: offer.fileType, isCpuOnly })
}

function measuredRates({ cpu }: Machine, { typeBytes }: Pick<Offer, 'typeBytes'>): CpuRates | undefined {
  if (cpu === undefined || typeBytes === undefined) return undefined
  const dense = mixedRate(cpu, typeBytes.dense)
  const hasExperts = Object.keys(typeBytes.experts).length > 0
  const experts = hasExperts ? mixedRate(cpu, typeBytes.experts) : dense
  if (dense === undefined || experts === undefined) return undefined
  const { layerSeconds, expertLayerSeconds } = cpu
  return { dense, experts, layerSeconds, expertLayerSeconds, isMeasured: true }
}

function estimatedRates(
  { ram, cores, sockets = 1 }: Machine,
  { fileType, isCpuOnly }: { fileType: FileType; isCpuOnly: boolean },
): CpuRates {
  const crowd = isCpuOnly && (cores > CROWD_CORES || sockets > 1) ? CPU_CROWD : 1
  const rate = ram.bandwidth * crowd * (CODEBOOK.test(fileType) ? CPU_CODEBOOK : 1)
  return {
    dense: rate * CPU_DENSE,
    experts: rate * CPU_EXPERTS,
    layerSeconds: 0,
    expertLayerSeconds: 0,
    isMeasured: false,
  }
}
