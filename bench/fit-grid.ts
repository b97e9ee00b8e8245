/**
 * Loads models of every kind of memory with many settings and compares what the engine takes with what engine/fit
 * says beforehand. Ends with 1 when a part of any load, or its sum, is off by more than 3 % and 50 MiB.
 *
 *   npx tsx bench/fit-grid.ts [--out results/fit-grid.md] [part of a model's name …]
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { BufferSize, LoadPlan } from '../engine/backend.ts'
import { layoutOf } from '../engine/fit/budget.ts'
import { cacheBytes } from '../engine/fit/cache.ts'
import { settingsFor } from '../engine/fit/candidates.ts'
import { cpuComputeBytes, outputBytes } from '../engine/fit/compute.ts'
import { headerFacts } from '../engine/fit/model-facts.ts'
import type { ModelFacts } from '../engine/fit/types.ts'
import { readGgufFile } from '../engine/gguf/read.ts'
import { startRunner } from '../engine/runner/client.ts'
import { FIT_SHAPES, type FitShape, fitModel } from './fit-shapes.ts'
import { median, quantile, table, whereAndWhen } from './report.ts'

const MIB = 2 ** 20
const SHARE = 0.03
const LEAST_BYTES = 50 * MIB

type CacheType = LoadPlan['kvCacheType']
interface Setting {
  contextLength: number
  cacheType: CacheType
  slots: number
  flashAttention: boolean
  stepTokens: number
}
const setting = (
  contextLength: number,
  cacheType: CacheType,
  slots: number,
  more: Partial<Setting> = {},
): Setting => ({ contextLength, cacheType, slots, flashAttention: true, stepTokens: 512, ...more })

/** Contexts, cache types, slots and flash attention so that every pair of them occurs. */
const SETTINGS = [
  setting(4096, 'f16', 1),
  setting(8192, 'f16', 4, { flashAttention: false }),
  setting(32_768, 'f16', 1, { flashAttention: false }),
  setting(16_384, 'q8_0', 2),
  setting(32_768, 'q4_0', 2),
  setting(5000, 'q4_0', 3),
  setting(8192, 'q8_0', 1, { stepTokens: 2048 }),
]

const PARTS = ['weights', 'cache', 'compute'] as const
type Parts = Record<(typeof PARTS)[number], number>

function predicted({ hyperparameters, offers }: ModelFacts, own: Setting): Parts {
  const wishes = { sequences: own.slots, stepTokens: own.stepTokens, hasFlashAttention: own.flashAttention }
  const settings = settingsFor(wishes, own)
  const layout = layoutOf(settings)
  return {
    weights: offers[0]?.weightBytes ?? 0,
    cache: cacheBytes(hyperparameters, layout),
    compute:
      cpuComputeBytes(hyperparameters, { layout, hasFlashAttention: own.flashAttention }) +
      outputBytes(hyperparameters, own.slots),
  }
}

const PART_OF: Record<BufferSize['kind'], keyof Parts> = {
  weights: 'weights',
  kv: 'cache',
  compute: 'compute',
  output: 'compute',
}

async function actual(weightsPath: string, own: Setting): Promise<Parts> {
  const runner = await startRunner({
    plan: {
      weightsPath,
      adapterPaths: [],
      slots: own.slots,
      kvCacheType: own.cacheType,
      flashAttention: own.flashAttention,
      contextLength: own.contextLength,
      batchTokens: own.stepTokens,
      gpuLayers: 0,
      mainGpu: undefined,
      // Not mapped: then the ranges of the file that a CPU backend has copied do not overlap what is counted.
      mmap: false,
      threads: 2,
    },
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log() {},
  })
  const parts: Parts = { weights: 0, cache: 0, compute: 0 }
  for (const { kind, bytes } of runner.info.buffers) parts[PART_OF[kind]] += bytes
  await runner.close()
  return parts
}

interface Cell {
  shape: FitShape
  own: Setting
  predicted: Parts
  actual: Parts
}

const total = (parts: Parts): number => PARTS.reduce((sum, part) => sum + parts[part], 0)
const isOff = (expected: number, bytes: number): boolean =>
  Math.abs(expected - bytes) > Math.max(LEAST_BYTES, SHARE * bytes)
const isWrong = (cell: Cell): boolean =>
  PARTS.some((part) => isOff(cell.predicted[part], cell.actual[part])) ||
  isOff(total(cell.predicted), total(cell.actual))

const mib = (bytes: number): string => (bytes / MIB).toFixed(1)
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
const errorOf = (expected: number, bytes: number): number => (bytes === 0 ? 0 : expected / bytes - 1)

function rowOf(cell: Cell): string[] {
  const { own } = cell
  const settings = [
    String(own.contextLength),
    own.cacheType,
    String(own.slots),
    own.flashAttention ? 'on' : 'off',
    String(own.stepTokens),
  ]
  const parts = PARTS.map((part) => `${mib(cell.predicted[part])} / ${mib(cell.actual[part])}`)
  const error = errorOf(total(cell.predicted), total(cell.actual))
  return [cell.shape.name, ...settings, ...parts, percent(error), isWrong(cell) ? '**no**' : 'yes']
}

/** How far off each part was over all loads. */
function summary(cells: readonly Cell[]): string[][] {
  const line = (name: string, of: (parts: Parts) => number) => {
    const errors = cells.map((cell) => Math.abs(errorOf(of(cell.predicted), of(cell.actual))))
    const bytes = cells.map((cell) => Math.abs(of(cell.predicted) - of(cell.actual)))
    return [
      name,
      percent(median(errors)),
      percent(quantile(errors, 0.9)),
      percent(Math.max(...errors)),
      mib(Math.max(...bytes)),
    ]
  }
  return [...PARTS.map((part) => line(part, (parts) => parts[part])), line('sum', total)]
}

const HEAD = [
  'Model',
  'Context',
  'Cache',
  'Slots',
  'Flash attention',
  'Step',
  'Weights',
  'Cache',
  'Compute',
  'Sum',
  'Within',
]

const report = (cells: readonly Cell[]): string => `# Predicted and actual memory

${cells.length} loads by the runner on the CPU: what \`engine/fit\` says of the file beforehand, and what llama.cpp reports
of its buffers. Contexts are those of one slot; all slots take from one pool. Each entry is predicted / actual in MiB;
compute includes the logits that wait for sampling. "Within" asks every part and the sum to be off by no more than 3 %
or 50 MiB. Weights are zeros, sizes are not; they are read into memory and not mapped.

${table(['Part', 'Median error', '90 % below', 'Worst', 'Worst in MiB'], summary(cells))}

${table(HEAD, cells.map(rowOf))}

\`npx tsx bench/fit-grid.ts\`, ${whereAndWhen()}. Within: ${cells.filter((cell) => !isWrong(cell)).length} of ${cells.length}.
`

const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: 'results/fit-grid.md' } },
  allowPositionals: true,
})
const isWanted = ({ name }: FitShape) =>
  positionals.length === 0 || positionals.some((part) => name.includes(part))

const cells: Cell[] = []
for (const shape of FIT_SHAPES.filter(isWanted)) {
  const path = await fitModel(shape)
  const { name, fileType } = shape
  const facts = headerFacts(await readGgufFile(path), {
    name,
    fileType,
    source: 'installed',
    isNative: false,
  })
  if (facts === undefined) throw new Error(`the header of ${name} does not say enough`)
  for (const own of SETTINGS) {
    const cell = { shape, own, predicted: predicted(facts, own), actual: await actual(path, own) }
    cells.push(cell)
    console.log(rowOf(cell).join('  '))
  }
}
await writeFile(new URL(values.out, import.meta.url), report(cells))
if (cells.some(isWrong)) process.exitCode = 1
