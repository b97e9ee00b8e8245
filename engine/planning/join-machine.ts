/** Pure: what probes and the engine found, in the terms of planning. */
import type { CpuProfile } from '../fit/cpu-profile.ts'
import { type Device, type Machine, SPEED_CLASSES, type SpeedClass } from '../fit/types.ts'
import type { UsableDevice } from '../hardware/reconcile.ts'
import type { CpuReading, RamReading } from '../hardware/types.ts'

const GB = 1e9

/** What is free on a device, and who said so. */
export interface FreeBytes {
  bytes: number
  measuredBy: 'driver' | 'ggml'
}

/** A GPU as planning sees it. One whose free memory nobody tells has none to give. */
export function plannedDevice(gpu: UsableDevice, free: FreeBytes | undefined): Device {
  const { engineName, name, isUnified, bandwidth, totalBytes = 0, fp16Tflops } = gpu
  return {
    id: engineName,
    name,
    speedClass: speedClassOf(gpu.class),
    totalBytes,
    freeBytes: Math.min(free?.bytes ?? 0, totalBytes),
    measuredBy: free?.measuredBy ?? 'ggml',
    isUnified,
    bandwidth: bandwidth.gbPerSecond * GB,
    ...(fp16Tflops === undefined ? {} : { tflops: fp16Tflops }),
    ...(bandwidth.source === 'estimate' ? { isGuess: true } : {}),
  }
}

const speedClassOf = (name: string | undefined): SpeedClass =>
  SPEED_CLASSES.find((other) => other === name) ?? 'unknown'

export interface MachineFacts {
  /** In the order of the engine. */
  devices: readonly Device[]
  ram: RamReading
  cpu: CpuReading
  /** What a calibration of the processor has found. */
  profile?: CpuProfile | undefined
  /** Bytes a second of main memory, as measured. */
  ramBandwidth: number
  linkBandwidth?: number | undefined
}

export function joinMachine(facts: MachineFacts): Machine {
  const { devices, ram, cpu, profile, ramBandwidth, linkBandwidth } = facts
  const { totalBytes, availableBytes, limitBytes } = ram
  return {
    devices,
    ram: {
      totalBytes,
      availableBytes,
      bandwidth: ramBandwidth,
      isContainer: limitBytes !== undefined,
    },
    cores: usableCores(cpu),
    ...(cpu.sockets === undefined ? {} : { sockets: cpu.sockets }),
    ...(profile === undefined ? {} : { cpu: profile }),
    ...(linkBandwidth === undefined ? {} : { linkBandwidth }),
  }
}

/** Cores this process may keep busy at the same time. */
export const usableCores = ({ physicalCores, logicalCores, quota = Infinity }: CpuReading): number =>
  Math.max(1, Math.min(physicalCores, logicalCores, Math.floor(quota)))
