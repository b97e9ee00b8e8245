/** Machines for planning: cards with what drivers report as free on them. */
import type { DecodeProfile, Device, Machine, SpeedClass } from '../../engine/fit/types.ts'

export const MIB = 2 ** 20
export const GIB = 2 ** 30

export interface Card {
  speedClass: SpeedClass
  mebibytes: number
  gbPerSecond: number
  tflops?: number
  decode?: Partial<DecodeProfile>
}

export const CARDS = {
  h100: { speedClass: 'nvidia-hbm', mebibytes: 80900, gbPerSecond: 3350, tflops: 267.6 },
  h200: { speedClass: 'nvidia-hbm', mebibytes: 143000, gbPerSecond: 4800, tflops: 241.3 },
  rtx4090: {
    speedClass: 'nvidia-gddr',
    mebibytes: 24100,
    gbPerSecond: 1008,
    tflops: 82.58,
    decode: { efficiency: 0.889 },
  },
  rtx3090: {
    speedClass: 'nvidia-gddr',
    mebibytes: 24100,
    gbPerSecond: 936,
    tflops: 35.58,
    decode: { efficiency: 0.89, layerSeconds: 98e-6 },
  },
  rtx4060: { speedClass: 'nvidia-gddr', mebibytes: 7700, gbPerSecond: 272, tflops: 15.11 },
  rtx3060: {
    speedClass: 'nvidia-gddr',
    mebibytes: 11500,
    gbPerSecond: 360,
    tflops: 12.74,
    decode: { efficiency: 0.72, layerSeconds: 14e-6 },
  },
  rtx2080: {
    speedClass: 'nvidia-gddr',
    mebibytes: 7700,
    gbPerSecond: 448,
    decode: { efficiency: 0.86, layerSeconds: 71e-6 },
  },
} as const satisfies Record<string, Card>

export const cards = (count: number, name: string, card: Card): Device[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `CUDA${i}`,
    name,
    speedClass: card.speedClass,
    totalBytes: card.mebibytes * MIB,
    freeBytes: card.mebibytes * MIB,
    measuredBy: 'ggml',
    bandwidth: card.gbPerSecond * 1e9,
    tflops: card.tflops,
    decode: card.decode,
  }))

/** `dataSheet` is the bandwidth of main memory in GB/s; measured ones reach 0.8 of it. */
export const machineWith = (
  devices: Device[],
  { gibibytes, dataSheet, cores = 16 }: { gibibytes: number; dataSheet: number; cores?: number },
): Machine => ({
  devices,
  ram: {
    totalBytes: gibibytes * GIB,
    availableBytes: gibibytes * GIB,
    bandwidth: dataSheet * 0.8 * 1e9,
  },
  cores,
})

/** A Mac whose GPU may use `cap` of its memory. */
export const macWith = ({
  gibibytes,
  cap,
  gbPerSecond,
}: Record<'gibibytes' | 'cap' | 'gbPerSecond', number>) => {
  const device: Device = {
    id: 'MTL0',
    name: 'Apple Ultra',
    speedClass: 'apple-ultra',
    totalBytes: cap * GIB,
    freeBytes: cap * GIB,
    measuredBy: 'ggml',
    isUnified: true,
    bandwidth: gbPerSecond * 1e9,
    tflops: 28,
  }
  return machineWith([device], { gibibytes, dataSheet: gbPerSecond })
}
