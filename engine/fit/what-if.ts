/** Machines that nobody has yet, as people write them down: `2x RTX 3090`, `Mac Studio M3 Ultra 512`, `8×H100`. */
import { EngineError } from '../errors.ts'
import { type Device, type Machine, SPEED_CLASSES, type SpeedClass } from './types.ts'

/** What data sheets say of a device. */
export interface KnownDevice {
  name: string
  /** Sizes of memory it is sold with, in GB as sold. */
  gigabytes: readonly number[]
  /** 10^9 bytes a second. */
  gbPerSecond: number
  fp16Tflops?: number
  /** A speed class, or a word for what llama.cpp has no backend for. */
  class: string
  isUnified: boolean
}

/** Finds a device by what people call it. */
export type DeviceByName = (name: string) => KnownDevice | undefined

const GIB = 2 ** 30
const GB_PER_SECOND = 1e9
const MAX_DEVICES = 64
/** Of a device, and of all of them: each may be written out. */
const MAX_NAME = 200
const MAX_TEXT = MAX_DEVICES * 64
/** Of what was written, in a message. */
const MAX_SHOWN = 80
/** Share of a card's memory, and at least so much, that drivers keep for themselves. */
const DRIVER_SHARE = 0.02
const DRIVER_LEAST_BYTES = 480 * 2 ** 20
/** Copying reaches about this share of what data sheets promise of main memory. */
export const MEASURED_SHARE = 0.8
/** Metal's recommendedMaxWorkingSetSize: two thirds of small memories, three quarters of large ones. */
const METAL = { smallBytes: 36 * GIB, smallShare: 2 / 3, largeShare: 0.75 }

/**
 * The machine that a text describes: devices joined by `+` or commas, each with a count before and a size of memory
 * behind it if need be, and main memory as `64 GB RAM`. What the text leaves out (main memory, cores) is that of
 * `base`. Throws EngineError `bad_request` for a device that the resolver does not know, and for one it cannot use.
 */
export function whatIfMachine(text: string, deviceByName: DeviceByName, base: Machine): Machine {
  if (text.length > MAX_TEXT) throw unknown(text)
  const parts = text
    .split(/[+,]|\bwith\b/i)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const ramBytes = parts.map(ramIn).find((bytes) => bytes !== undefined)
  const cards = parts
    .filter((part) => ramIn(part) === undefined)
    .flatMap((part) => cardsIn(part, deviceByName))
  if (cards.length === 0 && ramBytes === undefined) throw unknown(text)
  if (cards.length > MAX_DEVICES) throw tooMany(cards.length)
  const unified = cards.find(({ known }) => known.isUnified)
  const devices = cards.map(({ known, bytes }, i) => deviceFrom(known, bytes, i))
  if (unified !== undefined) return unifiedMachine(devices, unified, base)
  const bytes = ramBytes ?? base.ram.totalBytes
  return {
    ...base,
    devices,
    ram: { ...base.ram, totalBytes: bytes, availableBytes: ramBytes ?? base.ram.availableBytes },
  }
}

const unknown = (name: string) =>
  new EngineError(
    'bad_request',
    `"${name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name}" is no device that is known: ` +
      'try a name such as RTX 4090 or M3 Ultra',
  )

const tooMany = (count: number) =>
  new EngineError('bad_request', `${count} devices are more than the ${MAX_DEVICES} that are planned for`)

function ramIn(part: string): number | undefined {
  const size = /^(\d{1,5}) ?(G|T)i?B(?: (?:of )?(?:RAM|memory))?$/i.exec(part)
  if (size === null) return undefined
  return Number(size[1]) * GIB * (size[2]?.toUpperCase() === 'T' ? 1024 : 1)
}

interface Card {
  known: KnownDevice
  /** As sold, in bytes of powers of two: a GB of a card is nearly a GiB. */
  bytes: number
}

/** What people leave out of names that tools print in full; the usual variant stands for all. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  H100: 'H100 80GB HBM3',
  'H100 SXM': 'H100 80GB HBM3',
  A100: 'A100-SXM4-80GB',
  'A100 SXM': 'A100-SXM4-80GB',
  'A100 40': 'A100-SXM4-40GB',
}

/** A name as written and as tools print it: a Mac is known by its chip. */
function spellings(name: string): string[] {
  const chip = /\bM\d{1,2}(?: (?:Pro|Max|Ultra))?\b/i.exec(name)?.[0]
  const long = SHORT_NAMES[name.toUpperCase().replace(/ ?GB?$/, '')]
  return [name, ...(chip === undefined ? [] : [`Apple ${chip}`]), ...(long === undefined ? [] : [long])]
}

/** One device, several of a kind, or one with the size of its memory. */
function cardsIn(part: string, deviceByName: DeviceByName): Card[] {
  if (part.length > MAX_NAME) throw unknown(part)
  const [, times = '1', rest = ''] = /^(?:(\d{1,15}) ?[x×*] ?)?(.+)$/i.exec(part) ?? []
  const count = Number(times)
  if (count === 0) throw unknown(part)
  if (count > MAX_DEVICES) throw tooMany(count)
  // A name may end in a number of its own, so the whole is tried first.
  const sized = /^(.+?)[ -](\d{1,4}) ?(?:GB?)?$/i.exec(rest)
  const size = sized === null ? undefined : Number(sized[2])
  const known = [rest, sized?.[1] ?? rest]
    .flatMap(spellings)
    .map(deviceByName)
    .find((found) => found !== undefined)
  if (known === undefined) throw unknown(rest)
  if (known.class === 'none' || known.class === 'no-llama-cpp') {
    throw new EngineError(
      'bad_request',
      `${known.name} cannot run models here: llama.cpp has no backend for it`,
    )
  }
  // Of several sizes the largest is meant unless one is named.
  const named = size !== undefined && known.gigabytes.includes(size) ? size : undefined
  const bytes = (named ?? Math.max(0, ...known.gigabytes)) * GIB
  return Array.from({ length: count }, () => ({ known, bytes }))
}

function deviceFrom(known: KnownDevice, bytes: number, index: number): Device {
  const totalBytes = known.isUnified ? unifiedLimit(known, bytes) : bytes
  const kept = known.isUnified ? 0 : Math.max(DRIVER_LEAST_BYTES, DRIVER_SHARE * bytes)
  return {
    id: `GPU${index}`,
    name: known.name,
    speedClass: speedClassNamed(known.class),
    totalBytes,
    freeBytes: totalBytes - kept,
    measuredBy: 'ggml',
    isUnified: known.isUnified,
    bandwidth: known.gbPerSecond * GB_PER_SECOND,
    tflops: known.fp16Tflops,
  }
}

const speedClassNamed = (name: string): SpeedClass =>
  SPEED_CLASSES.find((other) => other === name) ?? 'unknown'

function unifiedLimit({ class: name }: KnownDevice, bytes: number): number {
  if (!name.startsWith('apple')) return bytes
  return bytes * (bytes <= METAL.smallBytes ? METAL.smallShare : METAL.largeShare)
}

/** Processor and GPU share one memory, of which there is as much as was said. */
const unifiedMachine = (devices: readonly Device[], { known, bytes }: Card, base: Machine): Machine => ({
  devices,
  ram: {
    totalBytes: bytes,
    availableBytes: bytes,
    bandwidth: known.gbPerSecond * GB_PER_SECOND * MEASURED_SHARE,
  },
  cores: base.cores,
})
