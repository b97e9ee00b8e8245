/**
 * Writes the tables of docs/can-i-run-it.md: what giants need and give on machines that people ask about, as the
 * planner sees it, and how a page that many have read came to its numbers.
 *
 *   npx tsx bench/can-i-run-it.ts
 */
import { readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { Assessment } from '../engine/fit/assess.ts'
import { computeBytes, layoutOf } from '../engine/fit/budget.ts'
import { cacheBytes } from '../engine/fit/cache.ts'
import { settingsFor } from '../engine/fit/candidates.ts'
import { catalogModel } from '../engine/fit/catalog/catalog.ts'
import { decide } from '../engine/fit/decide.ts'
import type { Plan } from '../engine/fit/plan.ts'
import type { Machine, ModelFacts, Offer } from '../engine/fit/types.ts'
import { MEASURED_SHARE, whatIfMachine } from '../engine/fit/what-if.ts'
import { placeText, speedText } from '../engine/fit/wording.ts'
import { deviceByName } from '../engine/planning/device-by-name.ts'
import { inSlices } from '../engine/planning/in-slices.ts'
import { libraryFacts } from '../engine/planning/targets/library.ts'

export const DOCUMENT = new URL('../docs/can-i-run-it.md', import.meta.url)

const MODELS = { v3: 'deepseek-v3:671b', llama: 'llama3.1:405b', qwen: 'qwen2.5:72b' } as const
const TYPES = ['Q8_0', 'Q6_K', 'Q4_K_M', 'Q3_K_M', 'Q2_K', 'IQ2_XXS', 'IQ1_S']

/** Main memory: GiB, and 10^9 bytes a second by its data sheet. */
const DESKTOP = [128, 89.6] as const
const WORKSTATION = [256, 204.8] as const
const SERVER = [512, 460.8] as const
const LARGE_SERVER = [1024, 460.8] as const
/** A Mac's is its GPU's. */
const OWN = [0, 0] as const

const MACHINES: readonly (readonly [devices: string, ram: readonly [number, number]])[] = [
  ['A100 80', SERVER],
  ['H100 80', SERVER],
  ['H200 141', SERVER],
  ['B200 192', SERVER],
  ['TPU v5p', SERVER],
  ['8x H100 80', LARGE_SERVER],
  ['16x A100 40', LARGE_SERVER],
  ['RTX 4090', DESKTOP],
  ['2x RTX 4090', DESKTOP],
  ['4x RTX 3090', WORKSTATION],
  ['10x RTX 3090', WORKSTATION],
  ['10x RTX 4090', WORKSTATION],
  ['Mac Studio M2 Ultra 192', OWN],
  ['Mac Studio M3 Ultra 512', OWN],
]

const GIB = 2 ** 30
const GB = 1e9

function machineOf([devices, [gibibytes, speed]]: (typeof MACHINES)[number]): Machine | string {
  const bytes = gibibytes * GIB
  const ram = { totalBytes: bytes, availableBytes: bytes, bandwidth: speed * GB * MEASURED_SHARE }
  try {
    return whatIfMachine(devices, deviceByName, { devices: [], ram, cores: 32 })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n')

const gib = (bytes: number): string => (bytes / GIB).toFixed(1)
const gb = (bytes: number): string => (bytes / GB).toFixed(1)

type Decided = readonly [machine: (typeof MACHINES)[number], plan: Plan | string]

const decidedOn = (model: ModelFacts): Decided[] =>
  MACHINES.map((one) => {
    const machine = machineOf(one)
    return [one, typeof machine === 'string' ? machine : decide({ model, machine })]
  })

const memoryText = ([gibibytes]: readonly [number, number]): string =>
  gibibytes > 0 ? `${gibibytes}` : 'shared'

function choices(decided: readonly Decided[]): string {
  const heads = [
    'machine',
    'RAM GiB',
    'type',
    'context',
    'where',
    'GPU GiB',
    'RAM GiB taken',
    'tokens/s',
    'quality',
    'grade',
  ]
  const rows = decided.map(([[devices, ram], plan]) => {
    const start = [devices, memoryText(ram)]
    const { chosen, verdict } = typeof plan === 'string' ? { chosen: undefined, verdict: undefined } : plan
    if (chosen === undefined || typeof plan === 'string')
      return [...start, '–', '', 'not a llama.cpp device', '', '', '', '', '–']
    const { offer, settings, placement, decode } = chosen.candidate
    if (verdict === 'does-not-fit') {
      return [
        ...start,
        '–',
        '',
        `${gib(placement.missingBytes)} GiB too little for ${offer.fileType}`,
        '',
        '',
        '',
        '',
        'F',
      ]
    }
    return [
      ...start,
      offer.fileType,
      `${settings.contextLength} ${settings.cacheType}`,
      placeText(placement),
      gib(placement.deviceBytes),
      gib(placement.hostBytes),
      speedText(decode.tokensPerSecond),
      chosen.quality,
      chosen.grade,
    ]
  })
  return table(heads, rows)
}

function everyType(decided: readonly Decided[], model: ModelFacts): string {
  const offers = TYPES.flatMap((type) => model.offers.find(({ fileType }) => fileType === type) ?? [])
  const plans = decided.flatMap(([[devices], plan]) => (typeof plan === 'string' ? [] : [{ devices, plan }]))
  const cell = (plan: Plan, offer: Offer): string => {
    const found = plan.rows.find(({ candidate }) => candidate.offer === offer)
    if (found === undefined) return ''
    const { placement, decode } = found.candidate
    return found.fits ? speedText(decode.tokensPerSecond) : `lacks ${gib(placement.missingBytes)}`
  }
  return table(
    ['machine', ...offers.map(({ fileType, weightBytes }) => `${fileType} (${gib(weightBytes)} GiB)`)],
    plans.map(({ devices, plan }) => [devices, ...offers.map((offer) => cell(plan, offer))]),
  )
}

/** Bytes of weights that one token reads: all but what it is looked up in, and of experts those that answer. */
function bytesPerToken({ experts }: ModelFacts, { parts }: Offer): number {
  const share = experts === undefined ? 1 : experts.used / experts.count
  return parts.output + parts.layers.reduce((sum, layer) => sum + layer.dense + layer.experts * share, 0)
}

/** What the page counts a weight of a type with, in bytes, and what it adds to all of them, in GB. */
const PAGE_BYTES = [
  ['Q2_K', 0.395, 52.1],
  ['Q4_K_M', 0.6, 59.8],
  ['Q5_K_M', 0.7, 63.5],
  ['Q6_K', 0.82, 68.0],
  ['Q8_0', 1.0625, 77.2],
  ['F16', 2, 112.4],
] as const
const PAGE_ACTIVE = 37.5
const PAGE_REST = 37.3

function pageMemory(model: ModelFacts): string {
  const all = (offer: Offer, contextLength: number) => {
    const settings = settingsFor({}, { contextLength, cacheType: 'f16' })
    const { layers, output } = computeBytes(model.hyperparameters, settings)
    return gb(offer.weightBytes + cacheBytes(model.hyperparameters, layoutOf(settings)) + layers + output)
  }
  const rows = PAGE_BYTES.flatMap(([type, each, said]) => {
    const offer = model.offers.find(({ fileType }) => fileType === type)
    if (offer === undefined) return []
    const formula = (PAGE_ACTIVE * each + PAGE_REST).toFixed(1)
    return [
      [
        type,
        said.toFixed(1),
        formula,
        gb(offer.weightBytes),
        all(offer, 8192),
        all(offer, 131_072),
        gb(bytesPerToken(model, offer)),
      ],
    ]
  })
  return table(
    ['type', 'page GB', 'its formula', 'weights GB', 'at 8k', 'at 128k', 'read per token GB'],
    rows,
  )
}

/** What the page shows for devices: tokens a second. */
const PAGE_SPEEDS = [
  ['H200 141', 64.6],
  ['B200 192', 107.6],
  ['H100 80', 45.1],
  ['A100 80', 27.4],
  ['TPU v5p', 37.2],
  ['Mac Studio M3 Ultra 512', 11.0],
] as const
const PAGE_FACTOR = 0.8044
const PAGE_BYTES_READ = 59.8

function pageSpeeds(decided: readonly Decided[]): string {
  const rows = PAGE_SPEEDS.map(([devices, said]) => {
    const plan = decided.find(([[name]]) => name === devices)?.[1]
    const found = typeof plan === 'object' ? plan : undefined
    const bandwidth =
      found?.facts.machine.devices[0]?.bandwidth ?? (deviceByName(devices)?.gbPerSecond ?? Number.NaN) * GB
    const formula = ((PAGE_FACTOR * bandwidth) / (PAGE_BYTES_READ * GB)).toFixed(1)
    const q4 = found?.rows.find(({ candidate }) => candidate.offer.fileType === 'Q4_K_M')
    return [devices, gb(bandwidth).replace('.0', ''), said.toFixed(1), formula, ...speedAndPlace(q4)]
  })
  return table(['device', 'GB/s', 'page tokens/s', 'its formula', 'Q4_K_M, tokens/s', 'where'], rows)
}

function speedAndPlace(row: Assessment | undefined): [speed: string, where: string] {
  if (row === undefined) return ['–', 'not a llama.cpp device']
  const { placement, decode } = row.candidate
  if (!row.fits) return ['–', `lacks ${gib(placement.missingBytes)} GiB`]
  const host = placement.expertLayersInRam > 0 ? `, ${gib(placement.hostBytes)} GiB of main memory` : ''
  return [speedText(decode.tokensPerSecond), placeText(placement) + host]
}

/** Total and active parameters, and what they weigh. */
function parameters(models: readonly ModelFacts[]): string {
  const rows = models.map((model) => {
    const offer = model.offers.find(({ fileType }) => fileType === 'Q4_K_M')
    return [
      model.name,
      `${(model.parameters / 1e9).toFixed(1)} B`,
      `${(model.activeParameters / 1e9).toFixed(1)} B`,
      offer === undefined ? '' : gib(offer.weightBytes),
      offer === undefined ? '' : gib(bytesPerToken(model, offer)),
    ]
  })
  return table(['model', 'weights in all', 'read per token', 'Q4_K_M GiB', 'of it read per token, GiB'], rows)
}

async function factsOf(name: string): Promise<ModelFacts> {
  const model = catalogModel(name)
  if (model === undefined) throw new Error(`the catalog has no ${name}`)
  return await inSlices(libraryFacts(model))
}

/** All tables by their names. */
export async function tables(): Promise<Record<string, string>> {
  const v3 = await factsOf(MODELS.v3)
  const llama = await factsOf(MODELS.llama)
  const qwen = await factsOf(MODELS.qwen)
  const onV3 = decidedOn(v3)
  const onLlama = decidedOn(llama)
  const onQwen = decidedOn(qwen)
  return {
    parameters: parameters([v3, llama, qwen]),
    'v3 choices': choices(onV3),
    'v3 types': everyType(onV3, v3),
    'llama choices': choices(onLlama),
    'llama types': everyType(onLlama, llama),
    'qwen choices': choices(onQwen),
    'qwen types': everyType(onQwen, qwen),
    'page memory': pageMemory(v3),
    'page speeds': pageSpeeds(onV3),
  }
}

/** The document with tables between its marks, `<!-- name -->` and `<!-- /name -->`. */
export const withTables = (text: string, all: Readonly<Record<string, string>>): string =>
  Object.entries(all).reduce((before, [name, content]) => {
    const marked = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`)
    if (!marked.test(before)) throw new Error(`the document has no place for "${name}"`)
    return before.replace(marked, `$1\n${content}\n\n$2`)
  }, text)

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(DOCUMENT, withTables(await readFile(DOCUMENT, 'utf8'), await tables()))
}
