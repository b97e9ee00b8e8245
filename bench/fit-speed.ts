/**
 * Calibrates the processor as `snug hardware --calibrate` does, and predicts how fast three others are in three file types.
 *
 *   npx tsx bench/fit-speed.ts [--rounds 5] [--tokens 24] [--threads N] [--clock wall|cpu] [--out results/fit-speed.md]
 *
 * `--clock cpu` measures processor time instead of time, with one thread: for machines that others use. Ends with 1
 * when a prediction is off by more than 20 %.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { CpuProfile } from '../engine/fit/cpu-profile.ts'
import { decide } from '../engine/fit/decide.ts'
import { headerFacts } from '../engine/fit/model-facts.ts'
import type { ModelFacts } from '../engine/fit/types.ts'
import type { FileType } from '../engine/gguf/file-type.ts'
import { readGgufFile } from '../engine/gguf/read.ts'
import { profileFrom } from '../engine/planning/calibration/calibrate.ts'
import { fastestToken } from '../engine/planning/calibration/fastest-token.ts'
import { CALIBRATED_TYPES, calibrationModels } from '../engine/planning/calibration/models.ts'
import { createEmbeddedBackend } from '../engine/runner/embedded.ts'
import type { ModelShape } from '../test/helpers/random-model.ts'
import { recipeModel } from './cpu-models.ts'
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

const BASE = { heads: 16, kvHeads: 4, contextLength: 4096 }
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

const backend = createEmbeddedBackend({ threads, log: { info() {}, warn() {} } })

const measure = (path: string): Promise<number> =>
  fastestToken(backend, path, {
    tokens,
    threads,
    signal: new AbortController().signal,
    ...(isCpuClock ? { spentSeconds: processorSeconds } : {}),
  })

function predicted(facts: ModelFacts, cpu: CpuProfile | undefined): number {
  const ram = { totalBytes: 2 ** 40, availableBytes: 2 ** 40, bandwidth: 1 }
  const machine = { devices: [], ram, cores: threads, ...(cpu === undefined ? {} : { cpu }) }
  const offer = facts.offers[0]?.fileType
  return (
    decide({ model: facts, machine }, { offer, contextLength: 512 }).chosen?.candidate.decode
      .tokensPerSecond ?? Number.NaN
  )
}

const folder = fileURLToPath(new URL('.cache/fit', import.meta.url))
mkdirSync(folder, { recursive: true })
const calibration = (await calibrationModels(folder)).map((model) => ({
  ...model,
  secondsPerToken: Number.POSITIVE_INFINITY,
}))
const targets: Subject[] = []
for (const shape of [DENSE_SMALL, EXPERTS, DENSE_LARGE]) {
  for (const type of FILE_TYPES)
    targets.push(await subject(`${shape.name} ${type}`, await recipeModel(shape, type), type))
}
for (let round = 0; round < Number(values.rounds); round++) {
  for (const own of [...calibration, ...targets]) {
    own.secondsPerToken = Math.min(own.secondsPerToken, await measure(own.path))
    console.log(`round ${round}: ${own.label} ${(own.secondsPerToken * 1000).toFixed(2)} ms a token`)
  }
}
await backend.close()
const seconds = new Map(calibration.map(({ path, secondsPerToken }) => [path, secondsPerToken]))
const profile = profileFrom(calibration, ({ path }) => seconds.get(path) ?? Number.NaN)
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

Decode of one stream after one calibration: ${CALIBRATED_TYPES.length} models of a few wide layers, one for each block type, and two of many
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
