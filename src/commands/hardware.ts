import type { Config } from '../../config/load.ts'
import { withMeasuredRam } from '../../engine/hardware/probe.ts'
import type { Bandwidth, CpuReading, Device, Hardware, RamReading } from '../../engine/hardware/types.ts'
import { createEmbeddedBackend } from '../../engine/runner/embedded.ts'
import { snakeCased } from '../../routes/wire/snake-case.ts'
import { openMachine } from '../machine.ts'
import { table } from './table.ts'

/** A device that the engine uses has its name for it. */
export interface ShownHardware extends Hardware {
  devices: (Device & { engineName?: string })[]
}

/** `snug hardware`: what the machine has and why the engine uses no GPU, as text or as JSON. */
export async function hardwareCommand(config: Config, asJson: boolean): Promise<string> {
  const { threads, libraryDir, engineEnvironment: environment } = config
  const silent = { info() {}, warn() {} }
  const library = libraryDir === undefined ? {} : { libraryDir }
  const backend = createEmbeddedBackend({ threads, environment, log: silent, ...library })
  try {
    const { inventory, ramSpeed } = await openMachine(config, backend)
    const { hardware, gpus, unused, cpuReason, notes } = await inventory()
    const { measured } = await ramSpeed(hardware)
    const machine = measured === undefined ? hardware : withMeasuredRam(hardware, measured.gbPerSecond)
    const processor = machine.devices.filter(({ kind }) => kind === 'cpu')
    const reason = cpuReason === undefined ? [] : [`models run on the processor: ${cpuReason}`]
    const whole = { ...machine, devices: [...gpus, ...unused, ...processor], notes: [...notes, ...reason] }
    return asJson ? `${JSON.stringify(snakeCased(whole), null, 2)}\n` : hardwareText(whole)
  } finally {
    await backend.close()
  }
}

/** Hardware as lines for a person. */
export function hardwareText({ devices, ram, cpu, notes }: ShownHardware): string {
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

const ramText = (ram: RamReading) =>
  [`${gib(ram.totalBytes)}, ${gib(ram.availableBytes)} available`, bandwidthText(ram.bandwidth)]
    .filter(Boolean)
    .join('; ')
