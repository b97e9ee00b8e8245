import type { CacheLayout } from './cache.ts'
import {
  COMPUTE_RESERVE,
  type ComputeSettings,
  cpuComputeBytes,
  deviceComputeBytes,
  hostComputeBytes,
} from './compute.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { deviceOverheadBytes } from './overhead.ts'
import type { Device, LoadSettings, Machine } from './types.ts'

const GIB = 2 ** 30
/** What other programs need of main memory, by guess: a share of it within limits. */
const DESKTOP_RESERVE = { share: 0.1, least: 4 * GIB, most: 16 * GIB }
const CONTAINER_RESERVE = { share: 0.05, least: 2 * GIB, most: Number.POSITIVE_INFINITY }
const LARGE_MAC_BYTES = 64 * GIB
const LARGE_MAC_RESERVE_BYTES = 8 * GIB

/** Bytes of main memory that a model must leave alone. */
export function hostReserveBytes({ ram, devices }: Machine): number {
  if (ram.reserveBytes !== undefined) return ram.reserveBytes
  const isMac = devices.some(({ speedClass }) => speedClass.startsWith('apple'))
  if (isMac && ram.totalBytes >= LARGE_MAC_BYTES) return LARGE_MAC_RESERVE_BYTES
  const { share, least, most } = ram.isContainer ? CONTAINER_RESERVE : DESKTOP_RESERVE
  return Math.min(most, Math.max(least, share * ram.totalBytes))
}

/** Bytes of main memory that a model may take. */
export const hostBudgetBytes = (machine: Machine): number =>
  Math.max(0, machine.ram.availableBytes - hostReserveBytes(machine))

/** Bytes that weights, cache and compute buffers may take on a device. */
export const deviceBudgetBytes = (device: Device, { deviceReserveBytes }: LoadSettings): number =>
  Math.max(0, device.freeBytes - deviceOverheadBytes(device) - deviceReserveBytes)

/** Sequences take cells from one pool, as the runner asks of llama.cpp (engine/llama/context-params.ts). */
export const layoutOf = (settings: LoadSettings): CacheLayout => ({
  contextLength: settings.contextLength * settings.sequences,
  sequences: settings.sequences,
  isUnified: true,
  stepTokens: settings.stepTokens,
  keyType: settings.cacheType,
  valueType: settings.cacheType,
})

/**
 * Bytes kept for compute buffers: on a device, what the output adds to it, in main memory beside devices, and there
 * without any.
 */
export interface ComputeBytes {
  layers: number
  output: number
  host: number
  cpu: number
}

export function computeBytes(
  model: Hyperparameters,
  settings: LoadSettings,
  { isPipelined = false }: Pick<ComputeSettings, 'isPipelined'> = {},
): ComputeBytes {
  const { hasFlashAttention } = settings
  const compute = { layout: layoutOf(settings), hasFlashAttention, isPipelined }
  const layers = COMPUTE_RESERVE * deviceComputeBytes(model, compute, { hasOutput: false })
  const whole = COMPUTE_RESERVE * deviceComputeBytes(model, compute)
  return {
    layers,
    output: whole - layers,
    host: hostComputeBytes(model, compute),
    cpu: COMPUTE_RESERVE * cpuComputeBytes(model, compute),
  }
}
