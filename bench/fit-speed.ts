/**
 * Calibrates the processor with six small models and predicts how fast three others are in three file types.
 *
 *   npx tsx bench/fit-speed.ts [--rounds 5] [--tokens 24] [--threads N] [--clock wall|cpu] [--out results/fit-speed.md]
 *
 * `--clock cpu` measures processor time instead of time, with one thread: for machines that others use. Ends with 1
 * when a prediction is off by more than 20 %.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { parseArgs } from 'node:util'
import type { Runner } from '../engine/backend.ts'
import { type CpuProfile, type CpuSample, cpuProfileFrom } from '../engine/fit/cpu-profile.ts'
import { decide } from '../engine/fit/decide.ts'
import { headerFacts } from '../engine/fit/model-facts.ts'
import type { ModelFacts } from '../engine/fit/types.ts'
import type { FileType } from '../engine/gguf/file-type.ts'
import { readGgufFile } from '../engine/gguf/read.ts'
import { DEFAULT_OPTIONS } from '../engine/options.ts'
import { startRunner } from '../engine/runner/client.ts'
import type { ModelShape } from '../test/helpers/random-model.ts'
import { plainModel, recipeModel } from './cpu-models.ts'
import { table, whereAndWhen } from './report.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '24' },
    threads: { type: 'string', default: '' },
    clock: { type: 'string', default: 'wall' },
    out: { type: 'string', default: 'results/fit-speed.md' },
  },
})
const isCpuClock = values.clock === 'cpu'
const threads = isCpuClock ? 1 : Number(values.threads) || os.availableParallelism()
const tokens = Number(values.tokens)
const WITHIN = 0.2

const BASE = { heads: 16, kvHeads: 4, contextLength: 4096, vocabulary: 512 }
/** Few wide layers: the time is that of weights. */
const WIDE: ModelShape = { ...BASE, name: 'wide', embedding: 2048, layers: 4, feedForward: 5632 }
/** Many narrow layers: the time is that of layers. */
const THIN: ModelShape = {
  ...BASE,
  name: 'thin',
  embedding: 256,
  heads: 4,
  kvHeads: 2,
  layers: 48,
  feedForward: 256,
}
const THIN_EXPERTS: ModelShape = {
  ...THIN,
  name: 'thin-experts',
  layers: 24,
  experts: { count: 16, used: 4 },
}

const VOCABULARY = 32_000
const DENSE_SMALL: ModelShape = {
  ...BASE,
  name: 'dense 0.1B',
  embedding: 768,
  heads: 12,
  layers: 12,
  feedForward: 2048,
  vocabulary: VOCABULARY,
}
const DENSE_LARGE: ModelShape = {
  ...DENSE_SMALL,
  name: 'dense 0.4B',
  embedding: 1536,
  layers: 16,
  feedForward: 4096,
}
const EXPERTS: ModelShape = {
  ...BASE,
  name: 'experts 0.7B',
  embedding: 1024,
  layers: 8,
  feedForward: 1536,
  vocabulary: VOCABULARY,
  experts: { count: 16, used: 4 },
}
const FILE_TYPES: readonly FileType[] = ['Q4_K_M', 'Q8_0', 'F16']

interface Subject {
  label: string
  path: string
  facts: ModelFacts
  /** The best of all rounds. */
  secondsPerToken: number
}

async function subject(label: string, path: string, fileType: FileType): Promise<Subject> {
  const offer = { name: label, fileType, source: 'installed', isNative: false } as const
  const facts = headerFacts(await readGgufFile(path), offer)
  if (facts === undefined) throw new Error(`the header of ${label} does not say enough`)
  return { label, path, facts, secondsPerToken: Number.POSITIVE_INFINITY }
}

/** Seconds on a processor of all threads of a process (the first number of schedstat, in nanoseconds). */
function processorSeconds(pid: number): number {
  const folder = `/proc/${pid}/task`
  const spent = readdirSync(folder).map((id) =>
    Number(readFileSync(`${folder}/${id}/schedstat`, 'utf8').split(' ')[0]),
  )
  return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9
}

async function decode(runner: Runner, mark: number): Promise<number> {
  const pid = (await runner.status()).pid ?? Number.NaN
  const request = {
    prompt: [1, 260, 261 + mark],
    sampling: { ...DEFAULT_OPTIONS, seed: 1, temperature: 0, topK: 1 },
    maxTokens: tokens,
    keepTokens: 0,
    shift: false,
    stop: [],
  }
  let before = 0
  let seconds = Number.NaN
  for await (const event of runner.generate(request, new AbortController().signal)) {
    if (event.type === 'prompt' && isCpuClock) before = processorSeconds(pid)
    if (event.type !== 'end') continue
    const spent = isCpuClock ? processorSeconds(pid) - before : event.outputMs / 1000
    seconds = spent / (event.outputTokens - 1)
  }
  return seconds
}

async function measure(own: Subject): Promise<void> {
  const runner = await startRunner({
    plan: {
      weightsPath: own.path,
      adapterPaths: [],
      slots: 1,
      kvCacheType: 'f16',
      flashAttention: 'auto',
      contextLength: 512,
      batchTokens: 64,
      gpuLayers: 0,
      mainGpu: undefined,
      // Pages of a file without data may all be one page: memory has to be real.
      mmap: false,
      threads,
    },
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log() {},
  })
  try {
    for (const mark of [0, 1]) own.secondsPerToken = Math.min(own.secondsPerToken, await decode(runner, mark))
  } finally {
    await runner.close()
  }
}

const expertLayers = ({ offers }: ModelFacts): number =>
  offers[0]?.parts.layers.filter(({ experts }) => experts > 0).length ?? 0

function sampleOf(type: string, { facts, secondsPerToken }: Subject): CpuSample {
  const { dense = {}, experts = {} } = facts.offers[0]?.typeBytes ?? {}
  const share = facts.experts === undefined ? 1 : facts.experts.used / facts.experts.count
  return {
    type,
    bytes: (dense[type] ?? 0) + share * (experts[type] ?? 0),
    layers: facts.hyperparameters.memory.length,
    expertLayers: expertLayers(facts),
    secondsPerToken,
  }
}

function predicted(facts: ModelFacts, cpu: CpuProfile | undefined): number {
  const ram = { totalBytes: 2 ** 40, availableBytes: 2 ** 40, bandwidth: 1 }
  const machine = { devices: [], ram, cores: threads, ...(cpu === undefined ? {} : { cpu }) }
  const offer = facts.offers[0]?.fileType
  return (
    decide({ model: facts, machine }, { offer, contextLength: 512 }).chosen?.candidate.decode
      .tokensPerSecond ?? Number.NaN
  )
}

const CALIBRATION: readonly (readonly [type: 'Q4_K' | 'Q6_K' | 'Q8_0' | 'F16', fileType: FileType])[] = [
  ['Q4_K', 'Q4_K_M'],
  ['Q6_K', 'Q6_K'],
  ['Q8_0', 'Q8_0'],
  ['F16', 'F16'],
]
const wide = await Promise.all(
  CALIBRATION.map(async ([type, fileType]) =>
    subject(`${WIDE.name} ${type}`, await plainModel(WIDE, type), fileType),
  ),
)
const thin = await subject('thin Q8_0', await plainModel(THIN, 'Q8_0'), 'Q8_0')
const thinExperts = await subject('thin experts Q8_0', await plainModel(THIN_EXPERTS, 'Q8_0'), 'Q8_0')
const targets: Subject[] = []
for (const shape of [DENSE_SMALL, EXPERTS, DENSE_LARGE]) {
  for (const type of FILE_TYPES)
    targets.push(await subject(`${shape.name} ${type}`, await recipeModel(shape, type), type))
}
for (let round = 0; round < Number(values.rounds); round++) {
  for (const own of [...wide, thin, thinExperts, ...targets]) {
    await measure(own)
    console.log(`round ${round}: ${own.label} ${(own.secondsPerToken * 1000).toFixed(2)} ms a token`)
  }
}
const profile = cpuProfileFrom({
  wide: wide.map((own, i) => sampleOf(CALIBRATION[i]?.[0] ?? '', own)),
  thin: sampleOf('Q8_0', thin),
  thinWithExperts: sampleOf('Q8_0', thinExperts),
})
if (profile === undefined) throw new Error('the calibration contradicts itself: the machine was too busy')
const rows = targets.map(({ label, facts, secondsPerToken }) => {
  const speed = predicted(facts, profile)
  return { label, speed, measured: 1 / secondsPerToken, error: speed * secondsPerToken - 1 }
})
const shown = rows.map(({ label, speed, measured, error }) => [
  label,
  speed.toFixed(1),
  measured.toFixed(1),
  `${(100 * error).toFixed(1)} %`,
])
const rates = Object.entries(profile.bytesPerSecond).map(([type, rate]) => [type, (rate / 1e9).toFixed(2)])
const text = `# Predicted and actual speed on the CPU

Decode of one stream after one calibration: ${wide.length} models of a few wide layers, one for each block type, and two of many
narrow layers, one of them with experts. None of them is among those that are predicted. ${threads} thread${threads === 1 ? '' : 's'}, best of
${2 * Number(values.rounds)} answers of ${tokens} tokens${isCpuClock ? '; processor time instead of time, because others used the machine' : ''}. All weights are zeros.

${table(['Model', 'Predicted tokens/s', 'Measured', 'Error'], shown)}

What the calibration found: ${(profile.layerSeconds * 1e6).toFixed(0)} µs a layer, ${(profile.expertLayerSeconds * 1e6).toFixed(0)} µs more with experts, and

${table(['Block type', 'GB/s'], rates)}

\`npx tsx bench/fit-speed.ts${isCpuClock ? ' --clock cpu' : ''} --rounds ${values.rounds} --tokens ${tokens}\`, ${whereAndWhen()}.
`
console.log(text)
await writeFile(new URL(values.out, import.meta.url), text)
if (rows.some(({ error }) => Math.abs(error) > WITHIN)) process.exitCode = 1
