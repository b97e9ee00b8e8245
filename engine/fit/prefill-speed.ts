/**
 * How fast a prompt of 512 tokens or more is read. What counts is arithmetic, unless weights have to travel: a step
 * touches nearly all experts, and layers in main memory are copied to the GPU for steps of 32 tokens and more
 * (llama.cpp ggml/src/ggml-cuda/ggml-cuda.cu, offload_op).
 */
import { cpuRates } from './decode-profile.ts'
import type { SpeedJob } from './decode-speed.ts'
import type { Device, SpeedClass } from './types.ts'

/** Achieved rate divided by the data sheet's rate without matrix engines, from published runs. */
const CLASS_FACTORS: Record<SpeedClass, number> = {
  'nvidia-gddr': 1.5,
  'nvidia-hbm': 1.2,
  'nvidia-unified': 1.1,
  'amd-gddr': 0.5,
  'amd-hbm': 0.5,
  'amd-unified': 0.5,
  'intel-gddr': 0.5,
  apple: 0.6,
  'apple-m1': 0.6,
  'apple-ultra': 0.6,
  unknown: 0.5,
}
const TERA = 1e12
/** Operations a weight takes: one multiplication, one addition. */
const OPERATIONS = 2
/** What a core gives with vector instructions; a guess. */
const CORE_OPERATIONS = 60e9
/** PCI Express 4.0 with 16 lanes, as copies of weights reach it. */
const LINK_BANDWIDTH = 15e9

/** Tokens of a prompt a second; undefined where nobody knows how fast a device calculates. */
export function prefillSpeed(job: SpeedJob): number | undefined {
  const { model, machine, settings, placement, offer } = job
  const step = Math.min(settings.stepTokens, settings.contextLength)
  const operations = OPERATIONS * model.activeParameters
  const hostBytes = placement.host.denseBytes + placement.host.expertBytes
  if (placement.shares.length === 0) {
    const rates = cpuRates(machine, { offer, isCpuOnly: true })
    return Math.min((machine.cores * CORE_OPERATIONS) / operations, (step * rates.dense) / hostBytes)
  }
  const rates = placement.shares.map(({ device, denseBytes, expertBytes }) => ({
    share: denseBytes + expertBytes,
    rate: arithmetic(device),
    reading: (denseBytes + expertBytes) / device.bandwidth,
  }))
  const total = rates.reduce((sum, { share }) => sum + share, 0)
  let calculating = 0
  for (const { share, rate } of rates) {
    if (rate === undefined) return undefined
    calculating += (operations * step * (share / total)) / rate
  }
  const reading = rates.reduce((sum, term) => sum + term.reading, 0)
  const copying = hostBytes / (machine.linkBandwidth ?? LINK_BANDWIDTH)
  return step / Math.max(calculating, reading, copying)
}

const arithmetic = ({ speedClass, tflops }: Device): number | undefined =>
  tflops === undefined ? undefined : CLASS_FACTORS[speedClass] * tflops * TERA
