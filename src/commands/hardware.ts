import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Config } from '../../config/load.ts'
import { EngineError } from '../../engine/errors.ts'
import { probeHardware, withMeasuredRam } from '../../engine/hardware/probe.ts'
import { measureRamBandwidth } from '../../engine/hardware/ram-bandwidth.ts'
import { systemReaders } from '../../engine/hardware/readers.ts'
import { backendsAmong, reconcile } from '../../engine/hardware/reconcile.ts'
import type { Bandwidth, CpuReading, Device, Hardware, RamReading } from '../../engine/hardware/types.ts'
import { findLibraryDir } from '../../engine/llama/library-dir.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import { table } from './table.ts'

/** `snug hardware`: what the machine has and why the engine uses no GPU, as text or as JSON. */
export async function hardwareCommand(config: Config, asJson: boolean): Promise<string> {
  const probed = await probeHardware(systemReaders(config.engineEnvironment))
  const hardware = await withRamBandwidth(probed)
  const reason = await cpuReason(config, hardware)
  const whole = { ...hardware, notes: [...hardware.notes, ...(reason === undefined ? [] : [reason])] }
  return asJson ? `${JSON.stringify(whole, null, 2)}\n` : hardwareText(whole)
}

async function withRamBandwidth(hardware: Hardware): Promise<Hardware> {
  if (hardware.ram.bandwidth !== undefined) return hardware
  const { cpu, ram } = hardware
  const threads = Math.min(cpu.physicalCores, cpu.logicalCores)
  const measured = await measureRamBandwidth({ threads, freeBytes: ram.availableBytes })
  return measured === undefined ? hardware : withMeasuredRam(hardware, measured.gbPerSecond)
}

const Package = z.object({ optionalDependencies: z.record(z.string(), z.string()) })

/** Why the engine that is installed can use no GPU here; undefined when it may. */
async function cpuReason({ libraryDir }: Config, hardware: Hardware): Promise<string | undefined> {
  try {
    const backends = backendsAmong(await readdir(findLibraryDir(libraryDir)))
    if (backends.length > 0) return undefined
    const manifest = Package.parse(JSON.parse(await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8')))
    const { platform, arch: architecture } = process
    const packageVersion = Object.entries(manifest.optionalDependencies).find(([name]) =>
      name.startsWith('@node-llama-cpp/'),
    )?.[1]
    const build = {
      platform,
      architecture,
      backends,
      ...(packageVersion === undefined ? {} : { packageVersion }),
    }
    const { cpuReason: reason } = reconcile(hardware, [], build)
    return reason && `models run on the processor: ${reason}`
  } catch (error) {
    if (error instanceof EngineError) return error.message
    if (error instanceof Error && 'syscall' in error) return `no engine: ${error.message}`
    throw error
  }
}

/** Hardware as lines for a person. */
export function hardwareText({ devices, ram, cpu, notes }: Hardware): string {
  const gpus = devices.filter(({ kind }) => kind !== 'cpu')
  const rows = gpus.map((gpu) => [
    `${gpu.kind}${gpu.index}`,
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
