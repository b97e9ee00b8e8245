import type { Config } from '../../config/load.ts'
import type { Backend } from '../../engine/backend.ts'
import type { CpuProfile } from '../../engine/fit/cpu-profile.ts'
import { withMeasuredRam } from '../../engine/hardware/probe.ts'
import type { Bandwidth, CpuReading, Device, Hardware, RamReading } from '../../engine/hardware/types.ts'
import { calibrateCpu } from '../../engine/planning/calibration/calibrate.ts'
import type { HardwareCommand } from '../cli.ts'
import { openMachine } from '../machine.ts'
import { createProgress, type ProgressOutput } from '../progress.ts'
import { openBackend } from './backend.ts'
import { table } from './table.ts'

/** A device that the engine uses has its name for it. */
export interface ShownHardware extends Hardware {
  devices: (Device & { engineName?: string })[]
  /** Where a calibration has measured it. */
  cpuSpeed?: CpuProfile
}

/**
 * `snug hardware`: what the machine has and why the engine uses no GPU, as text or as JSON; calibrates the processor
 * first when asked to. Throws as `calibrateCpu` does.
 */
export async function hardwareCommand(
  config: Config,
  { asJson, calibrates }: HardwareCommand,
  output: ProgressOutput,
  signal: AbortSignal,
): Promise<string> {
  const backend = openBackend(config)
  try {
    const { inventory, ramSpeed, cpuSpeed } = await openMachine(config, backend)
    const { hardware, gpus, unused, cpuReason, notes } = await inventory()
    const { measured } = await ramSpeed(hardware)
    if (calibrates) await cpuSpeed.keep(hardware.cpu, await calibrated(backend, output, signal))
    const profile = await cpuSpeed.read(hardware.cpu)
    const machine = measured === undefined ? hardware : withMeasuredRam(hardware, measured.gbPerSecond)
    const processor = machine.devices.filter(({ kind }) => kind === 'cpu')
    const reason = cpuReason === undefined ? [] : [`models run on the processor: ${cpuReason}`]
    const devices = [...gpus, ...unused, ...processor]
    const speed = profile === undefined ? {} : { cpuSpeed: profile }
    const whole = { ...machine, ...speed, devices, notes: [...notes, ...reason] }
    return asJson ? `${JSON.stringify(whole, null, 2)}\n` : hardwareText(whole)
  } finally {
    await backend.close()
  }
}

async function calibrated(
  backend: Backend,
  output: ProgressOutput,
  signal: AbortSignal,
): Promise<CpuProfile> {
  const progress = createProgress(output)
  const text = 'measuring the processor'
  try {
    return await calibrateCpu({
      backend,
      signal,
      onProgress: (completed) => progress.show({ type: 'progress', text, completed, total: 1 }),
    })
  } finally {
    progress.end()
  }
}

/** Hardware as lines for a person. */
export function hardwareText({ devices, ram, cpu, cpuSpeed, notes }: ShownHardware): string {
  const gpus = devices.filter(({ kind }) => kind !== 'cpu')
  const rows = gpus.map((gpu) => [
    gpu.engineName ?? `${gpu.kind}${gpu.index}`,
    gpu.name,
    memoryText(gpu),
    bandwidthText(gpu.bandwidth),
    remarks(gpu),
  ])
  const list = rows.length === 0 ? 'no GPU\n' : table([['GPU', 'NAME', 'MEMORY', 'BANDWIDTH', ''], ...rows])
  const machine = table([
    ['processor', cpuText(cpu)],
    ['memory', ramText(ram)],
    ...(cpuSpeed === undefined ? [] : [['weights', speedText(cpuSpeed)]]),
  ])
  return `${list}\n${machine}${notes.length === 0 ? '' : `\n${notes.map((note) => `- ${note}\n`).join('')}`}`
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`

function memoryText({ totalBytes, freeBytes, isUnified }: Device): string {
  if (totalBytes === undefined) return 'unknown'
  const free = freeBytes === undefined ? '' : `, ${gib(freeBytes)} free`
  return `${gib(totalBytes)}${free}${isUnified ? ', shared' : ''}`
}

const SOURCES: Readonly<Record<Bandwidth['source'], string>> = {
  table: '',
  driver: ' by its driver',
  measured: ' measured',
  estimate: ' at a guess',
}

const bandwidthText = (bandwidth: Bandwidth | undefined) =>
  bandwidth === undefined ? '' : `${Math.round(bandwidth.gbPerSecond)} GB/s${SOURCES[bandwidth.source]}`

function remarks({ computeCapability, gfx, driver, mig, maskedBy }: Device): string {
  const parts = [
    computeCapability && `compute ${computeCapability}`,
    gfx,
    driver && `driver ${driver}`,
    mig && `split into ${mig.map(({ profile }) => profile).join(', ') || 'nothing'}`,
    maskedBy && `hidden by ${maskedBy}`,
  ]
  return parts.filter(Boolean).join(', ')
}

function cpuText({ name, architecture, physicalCores, logicalCores, quota, features }: CpuReading): string {
  const cores = `${physicalCores} cores, ${logicalCores} threads`
  const limit = quota === undefined ? '' : `, limited to ${quota} of them`
  return [`${name} (${architecture})`, cores + limit, features.join(' ')].filter(Boolean).join('; ')
}

/** Weights of each type that the processor gets through. */
const speedText = ({ bytesPerSecond, layerSeconds }: CpuProfile): string => {
  const rates = Object.entries(bytesPerSecond).map(([type, rate]) => `${type} ${(rate / 1e9).toFixed(1)}`)
  return `${rates.join(', ')} GB/s; ${(layerSeconds * 1e6).toFixed(0)} µs a layer`
}

const ramText = (ram: RamReading) =>
  [`${gib(ram.totalBytes)}, ${gib(ram.availableBytes)} available`, bandwidthText(ram.bandwidth)]
    .filter(Boolean)
    .join('; ')
