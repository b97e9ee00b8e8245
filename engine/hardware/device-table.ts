/** What vendors say of their devices, found by the names that tools print for them. */
import { AMD_INTEL } from './known/amd-intel.ts'
import { APPLE_GOOGLE } from './known/apple-google.ts'
import { NVIDIA } from './known/nvidia.ts'
import type { Bandwidth, Device } from './types.ts'

/** Where the bandwidth of a row was read. All of them repeat the vendors' product pages and data sheets. */
export const SOURCES = {
  h: 'huggingface/huggingface.js, packages/tasks/src/hardware*.ts',
  l: 'AlexsJones/llmfit, llmfit-core/src/hardware.rs',
  m: 'stas00/ml-engineering, compute/accelerator/README.md',
  s: 'jax-ml/scaling-book, tpus.md',
  g: 'lijun99/GPU-Resources, NVIDIA_GPU_SM.md',
  p: 'citsjtu2020/LLM-Prof, hardware_spec.md',
  t: 'the same value in two or more public tables',
} as const

export interface KnownDevice {
  id: string
  name: string
  /** GB as sold, which drivers report as nearly so many GiB: the sizes for which this row holds. */
  gigabytes: readonly number[]
  gbPerSecond: number
  /** Of the shaders, without matrix units (for Apple fp32). */
  fp16Tflops?: number
  /** Of the matrix units, without sparsity. */
  bf16Tflops?: number
  /** The key of the decode constants; `none` for what llama.cpp has no backend for. */
  class: string
  isUnified: boolean
  /** Compute capability or gfx version. */
  architecture?: string
  source: keyof typeof SOURCES
  pattern: RegExp
}

/**
 * The patterns of the table: regular expressions that begin at a word's beginning, ` or ` between alternatives. `~` at
 * the end: no other model of the family follows, such as `Ti`, `XT` or `Ultra`, and it is no edition for laptops.
 */
export type DevicePattern = string

const OTHER_MODEL =
  String.raw`(?![\dA-Za-z])(?! ?(?:Ti|SUPER|D|XTX?|GRE|M|Pro|Max|Ultra|with)\b)` +
  String.raw`(?!.*\b(?:Laptop|Mobile|Max-Q|SFF|Embedded)\b)`

function patternOf(text: DevicePattern): RegExp {
  const alternatives = text.split(' or ').map((one) => one.replace(/~$/, OTHER_MODEL))
  return new RegExp(String.raw`\b(?:${alternatives.join('|')})`, 'i')
}

function parseRow(row: string): KnownDevice {
  const [id, name, gigabytes, bandwidth, fp16, bf16, kind, architecture, source, pattern] = row
    .split(' | ')
    .map((cell) => cell.trim())
  if (pattern === undefined || kind === undefined) throw new Error(`a row of the table is short: ${row}`)
  return {
    id: id ?? '',
    name: name ?? '',
    gigabytes: gigabytes?.split('/').map(Number) ?? [],
    gbPerSecond: Number(bandwidth),
    ...(fp16 === '-' ? {} : { fp16Tflops: Number(fp16) }),
    ...(bf16 === '-' ? {} : { bf16Tflops: Number(bf16) }),
    class: kind,
    isUnified: kind.endsWith('-unified') || kind.startsWith('apple'),
    ...(architecture === '-' ? {} : { architecture }),
    source: source as keyof typeof SOURCES,
    pattern: patternOf(pattern),
  }
}

export const KNOWN_DEVICES: readonly KnownDevice[] = [NVIDIA, AMD_INTEL, APPLE_GOOGLE].flatMap((table) =>
  table.trim().split('\n').map(parseRow),
)

/** Names longer than this are nobody's: what prints them is broken. */
const MAX_NAME = 200

/** The device a tool calls `name`, such as `NVIDIA GeForce RTX 4090`; undefined unless it is exactly one. */
export function knownDevice(name: string): KnownDevice | undefined {
  if (name.length > MAX_NAME) return undefined
  const [first, ...more] = KNOWN_DEVICES.filter(({ pattern }) => pattern.test(name))
  return more.length === 0 ? first : undefined
}

/** What is told of a card of so many GB: error correction and the firmware take up to a tenth of it. */
const LEAST_SHARE = 0.9
const MOST_SHARE = 1.03
const GIB = 2 ** 30

function hasThisSize({ gigabytes, isUnified }: KnownDevice, totalBytes: number | undefined): boolean {
  if (isUnified || totalBytes === undefined) return true
  return gigabytes.some((size) => {
    const share = totalBytes / (size * GIB)
    return share >= LEAST_SHARE && share <= MOST_SHARE
  })
}

/**
 * `device` with what the table knows of it. Cards are sold under one name with buses of different width: a row is
 * believed only for its own sizes of memory. Where bandwidth remains unknown it is estimated by class and size.
 */
export function withTableFacts(device: Device): Device & { bandwidth: Bandwidth } {
  const known = knownDevice(device.name) ?? knownDevice(device.gfx ?? '')
  if (known === undefined || known.class === 'none' || !hasThisSize(known, device.totalBytes)) {
    return { ...device, bandwidth: device.bandwidth ?? estimate(device) }
  }
  return {
    ...device,
    // One that came from the vendor's figures by a closer look stays.
    bandwidth:
      device.bandwidth?.source === 'table'
        ? device.bandwidth
        : { gbPerSecond: known.gbPerSecond, source: 'table' },
    class: known.class,
    ...(known.fp16Tflops === undefined ? {} : { fp16Tflops: known.fp16Tflops }),
  }
}

/** Discrete cards by size, and graphics in the processor, which share its memory. */
function estimate({ isUnified, totalBytes }: Device): Bandwidth {
  const gbPerSecond = () => {
    if (isUnified) return 60
    if (totalBytes === undefined) return 250
    if (totalBytes >= 20 * GIB) return 700
    return totalBytes >= 10 * GIB ? 400 : 250
  }
  return { gbPerSecond: gbPerSecond(), source: 'estimate' }
}
