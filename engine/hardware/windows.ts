/** Graphics on Windows that no vendor's tool tells of. */
import { z } from 'zod'
import { type Readers, windowsFolder } from './readers.ts'
import type { Device, Found, Vendor } from './types.ts'
import { byteCount, known, plainText } from './value.ts'

/**
 * CIM has the adapters that are there, but their memory in 32 bits only. The driver's key in the registry has it in 64,
 * beside keys of adapters that are long gone; the two are joined by name.
 */
const SCRIPT = [
  "$ErrorActionPreference = 'SilentlyContinue'",
  '$a = @(Get-CimInstance Win32_VideoController | Select-Object Name, PNPDeviceID, DriverVersion)',
  "$k = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}\\0*'",
  "$m = @{n='Memory';e={[string]$_.'HardwareInformation.qwMemorySize'}}",
  '$r = @(Get-ItemProperty $k | Select-Object DriverDesc, $m)',
  '@{adapters=$a;registry=$r} | ConvertTo-Json -Compress -Depth 3',
].join('; ')

const text = z.string().max(500).nullish()
const Adapters = z.object({
  adapters: z.array(z.object({ Name: text, PNPDeviceID: text, DriverVersion: text })).max(64),
  registry: z.array(z.object({ DriverDesc: text, Memory: text })).max(256),
})

const VENDORS: Readonly<Record<string, Vendor>> = { '10de': 'nvidia', '1002': 'amd', '8086': 'intel' }

/** The script's JSON; throws on anything else. Adapters without a PCI id (remote desktops) are left out. */
export function parseWindowsAdapters(json: string): Device[] {
  const { adapters, registry } = Adapters.parse(JSON.parse(json))
  const devices: Device[] = []
  for (const { Name, PNPDeviceID, DriverVersion } of adapters) {
    const name = plainText(Name ?? undefined)
    const [, vendor = '', product = ''] = /VEN_([\dA-F]{4})&DEV_([\dA-F]{4})/i.exec(PNPDeviceID ?? '') ?? []
    if (name === undefined || vendor === '') continue
    const memory = registry.find(
      ({ DriverDesc, Memory }) => DriverDesc === Name && bytesOf(Memory) !== undefined,
    )
    devices.push({
      kind: 'vulkan',
      vendor: VENDORS[vendor.toLowerCase()] ?? 'other',
      index: devices.length,
      name,
      // What the system lends a GPU without memory of its own is not dedicated, and not in this figure.
      isUnified: false,
      pciId: `${vendor}:${product}`.toLowerCase(),
      ...known({ totalBytes: bytesOf(memory?.Memory), driver: plainText(DriverVersion ?? undefined) }),
    })
  }
  return devices
}

/** A decimal number, or the eight bytes that some drivers store instead, the lowest first. */
function bytesOf(value: string | null | undefined): number | undefined {
  const bytes = /^\d{1,3}( \d{1,3}){7}$/.test(value ?? '') ? (value ?? '').split(' ').map(Number) : undefined
  if (bytes === undefined) return byteCount(value ?? undefined)
  if (bytes.some((byte) => byte > 255)) return undefined
  return byteCount(String(bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)))
}

export async function probeWindows(readers: Readers): Promise<Found> {
  const root = windowsFolder(readers.variables)
  const answer = await readers.run(String.raw`${root}\System32\WindowsPowerShell\v1.0\powershell.exe`, [
    '-NoProfile',
    '-NonInteractive',
    '-Command',
    SCRIPT,
  ])
  try {
    return { devices: parseWindowsAdapters(answer.text.trim()), notes: [] }
  } catch {
    return {
      devices: [],
      notes: [`no list of graphics adapters: PowerShell: ${answer.failure ?? 'it made no sense'}`],
    }
  }
}
