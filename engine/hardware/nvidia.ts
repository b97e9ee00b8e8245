/**
 * NVIDIA, by nvidia-smi, which comes with every driver. It counts cards in the order of the PCI bus, CUDA the fastest
 * first: cards are joined by UUID, never by number.
 */
import { pciCards } from './pci-cards.ts'
import { type Answer, type Readers, windowsFolder } from './readers.ts'
import { tegraDevice } from './tegra.ts'
import type { Device, Found, MigSlice } from './types.ts'
import { known, mebibytes, pciAddress, plainText } from './value.ts'

const FIELDS = [
  'index',
  'uuid',
  'name',
  'pci.bus_id',
  'pci.device_id',
  'memory.total',
  'memory.free',
  'compute_cap',
  'driver_version',
  'mig.mode.current',
] as const
/** What drivers from before 2021 know too. */
const OLD_FIELDS = FIELDS.filter((field) => field !== 'compute_cap' && field !== 'mig.mode.current')
type Field = (typeof FIELDS)[number]

const MAX_GPUS = 64
/** Devices that share the machine's memory: nvidia-smi prints `[N/A]` for it. */
const SHARES_MEMORY = /\bGB10\b|\bThor\b|\bOrin\b|\bXavier\b|\(nvgpu\)/i

/** A card and whether it is split into slices. */
export interface NvidiaGpu {
  device: Device
  isSplit: boolean
}

/** Output of `--format=csv,noheader,nounits`. Lines that are no card are left out; each field stands alone. */
export function parseNvidiaCsv(text: string, fields: readonly Field[] = FIELDS): NvidiaGpu[] {
  return text
    .split('\n')
    .slice(0, MAX_GPUS)
    .flatMap((line) => {
      const cells = line.split(',').map((cell) => cell.trim())
      const value = (field: Field) => {
        const at = fields.indexOf(field)
        return at < 0 ? undefined : cells[at]
      }
      const index = /^\d{1,3}$/.test(value('index') ?? '') ? Number(value('index')) : undefined
      const name = plainText(value('name'))
      const uuid = uuidOf(value('uuid'))
      if (cells.length !== fields.length || index === undefined || name === undefined) return []
      const capability = /^\d{1,2}\.\d$/.exec(value('compute_cap') ?? '')?.[0]
      const device: Device = {
        kind: 'cuda',
        vendor: 'nvidia',
        index,
        name,
        isUnified: SHARES_MEMORY.test(name),
        ...known({
          uuid,
          totalBytes: mebibytes(value('memory.total')),
          freeBytes: mebibytes(value('memory.free')),
          pciAddress: pciAddress(value('pci.bus_id')),
          pciId: productOf(value('pci.device_id')),
          computeCapability: capability,
          driver: plainText(value('driver_version')),
        }),
      }
      return [{ device, isSplit: value('mig.mode.current') === 'Enabled' }]
    })
}

/** `0x233510DE` is product 2335 of vendor 10de. */
function productOf(text: string | undefined): string | undefined {
  const [, product, vendor] = /^0x([\da-f]{4})([\da-f]{4})$/i.exec(text ?? '') ?? []
  return product === undefined || vendor === undefined ? undefined : `${vendor}:${product}`.toLowerCase()
}

const UUID = /^(?:GPU|MIG)-[\w/-]{4,80}$/
const uuidOf = (text: string | undefined) => UUID.exec(text?.trim() ?? '')?.[0]

/** Free bytes by UUID, from a query for `uuid,memory.free`. */
export function parseNvidiaFree(text: string): Map<string, number> {
  const free = new Map<string, number>()
  for (const line of text.split('\n').slice(0, MAX_GPUS)) {
    const [uuid, mib] = line.split(',')
    const bytes = mebibytes(mib)
    const card = uuidOf(uuid)
    if (card !== undefined && bytes !== undefined) free.set(card, bytes)
  }
  return free
}

/** Output of `nvidia-smi -L`: the slices of each card, by the card's UUID. */
export function parseMigList(text: string): Map<string, MigSlice[]> {
  const slices = new Map<string, MigSlice[]>()
  let card: MigSlice[] | undefined
  for (const line of text.split('\n').slice(0, MAX_GPUS * 16)) {
    const [, uuid] = /^GPU \d+: .*\(UUID: (GPU-[\w-]+)\)/.exec(line) ?? []
    if (uuid !== undefined) {
      card = []
      slices.set(uuid, card)
    }
    const [, profile, slice] = /^\s+MIG ([\w.+]+)\s+Device\s+\d+: \(UUID: (MIG-[\w/-]+)\)/.exec(line) ?? []
    if (profile !== undefined && slice !== undefined) card?.push({ profile, uuid: slice })
  }
  return slices
}

export async function probeNvidia(readers: Readers): Promise<Found> {
  const { answer, fields } = await query(readers)
  const gpus = parseNvidiaCsv(answer.text, fields)
  if (gpus.length === 0) return withoutTool(readers, answer)
  const slices = gpus.some(({ isSplit }) => isSplit)
    ? parseMigList((await runNvidiaSmi(readers, ['-L'])).text)
    : undefined
  const notes = answer.failure === undefined ? [] : [`nvidia-smi may have kept back a GPU: ${answer.failure}`]
  const devices = gpus.map(({ device, isSplit }): Device => {
    if (!isSplit) return device
    const parts = slices?.get(device.uuid ?? '') ?? []
    if (parts.length === 0) notes.push(`${device.name} is in MIG mode without slices: it cannot be used`)
    return { ...device, mig: parts }
  })
  const { totalBytes, freeBytes } = readers.system()
  return {
    devices: devices.map((device) =>
      // Where memory is shared and the driver gives no figure, what the machine has is what there is.
      device.isUnified && device.totalBytes === undefined ? { ...device, totalBytes, freeBytes } : device,
    ),
    notes,
  }
}

async function query(readers: Readers): Promise<{ answer: Answer; fields: readonly Field[] }> {
  const ask = (fields: readonly Field[]) =>
    runNvidiaSmi(readers, [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'])
  const answer = await ask(FIELDS)
  // "Field "compute_cap" is not a valid field to query."
  if (!/not a valid field/i.test(answer.text)) return { answer, fields: FIELDS }
  return { answer: await ask(OLD_FIELDS), fields: OLD_FIELDS }
}

/** Runs nvidia-smi where it is: in the search path, beside the driver of Windows, or lent by Windows to WSL. */
export async function runNvidiaSmi(readers: Readers, args: readonly string[]): Promise<Answer> {
  const { platform, variables } = readers
  if (platform === 'win32') {
    // By its whole path: Windows looks for programs in the current folder first.
    return readers.run(String.raw`${windowsFolder(variables)}\System32\nvidia-smi.exe`, args)
  }
  const answer = await readers.run('nvidia-smi', args)
  if (answer.failure !== 'it is not installed') return answer
  return readers.run('/usr/lib/wsl/lib/nvidia-smi', args)
}

/** Why there is no card, or the one card that is found without the tool. */
async function withoutTool(readers: Readers, answer: Answer): Promise<Found> {
  const tegra = await tegraDevice(readers)
  if (tegra !== undefined) return { devices: [tegra], notes: [] }
  const why = answer.failure ?? 'it named no GPU'
  const driver = await readers.readText('/proc/driver/nvidia/version')
  const cards = await readers.list('/proc/driver/nvidia/gpus')
  if (driver === undefined) return { devices: [], notes: [await withoutDriver(readers, why)] }
  const names: string[] = []
  for (const card of cards.slice(0, MAX_GPUS)) {
    const text = await readers.readText(`/proc/driver/nvidia/gpus/${card}/information`)
    names.push(parseNvidiaInformation(text) ?? 'a GPU')
  }
  const seen = names.length === 0 ? 'no GPU' : names.join(', ')
  return {
    devices: [],
    notes: [`the NVIDIA driver ${driverVersion(driver)} is loaded and has ${seen}, but nvidia-smi: ${why}`],
  }
}

async function withoutDriver(readers: Readers, why: string): Promise<string> {
  const [card] = await pciCards(readers, '0x10de')
  if (card === undefined) return `no NVIDIA GPU: nvidia-smi: ${why}`
  const other = card.driver === undefined ? 'no driver' : `the driver ${card.driver}`
  return `an NVIDIA GPU (${card.pciId}) has ${other} instead of NVIDIA's own: it cannot be used. nvidia-smi: ${why}`
}

/** The model in /proc/driver/nvidia/gpus/…/information. */
export const parseNvidiaInformation = (text: string | undefined): string | undefined =>
  plainText(/^Model:(.*)$/m.exec(text ?? '')?.[1])

const driverVersion = (text: string) => /Kernel Module.*?\s(\d+(?:\.\d+){1,3})\s/.exec(text)?.[1] ?? ''
