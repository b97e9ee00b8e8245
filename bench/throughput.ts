/**
 * Everybody who generates from GGUF files, side by side: the same file, threads, context and batch, taking turns
 * round by round. Prints what it does, and writes bench/results/throughput.md and throughput.svg.
 *
 *   npm run build && npx tsx bench/throughput.ts [--llama-server PATH] [--threads N] [--rounds 5]
 *     [--streams 1,4,8,16] [--tokens 32] [--minutes 12] [--empty] [--output FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { defaultThreads, thisCpu } from '../engine/hardware/threads.ts'
import type { Contestant } from './contestant.ts'
import { type Field, startField } from './contestants.ts'
import { allMeasures, firstToken, hangingUp, memory, type Numbers, type Step, streaming } from './measures.ts'
import { generatedModel, SHAPE_EMPTY, SHAPE_QWEN_05B } from './models.ts'
import { shown } from './report.ts'
import { type Results, throughputChart, throughputReport } from './throughput-report.ts'

/** Enough for the prompt that is hung up on. */
const CONTEXT_LENGTH = 1024
/** One stream is quick, and its rate is what others are judged by. */
const SINGLE_STREAM_FACTOR = 2
const FEWEST_ROUNDS = 3

const { values } = parseArgs({
  options: {
    'llama-server': { type: 'string' },
    /** As Snug chooses. */
    threads: { type: 'string', default: String(defaultThreads(thisCpu())) },
    rounds: { type: 'string', default: '5' },
    streams: { type: 'string', default: '1,4,8,16' },
    tokens: { type: 'string', default: '32' },
    minutes: { type: 'string', default: '12' },
    /** A model that computes next to nothing, to try the bench itself. */
    empty: { type: 'boolean', default: false },
    output: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
})
const streams = values.streams.split(',').map(Number)
const rounds = Number(values.rounds)
const tokens = Number(values.tokens)
const shape = values.empty ? SHAPE_EMPTY : SHAPE_QWEN_05B
const startedAt = performance.now()

console.log(`model ${shape.name}`)
const conditions = {
  modelPath: await generatedModel(shape),
  threads: Number(values.threads),
  slots: Math.max(...streams),
  contextLength: CONTEXT_LENGTH,
}
const field = await startField(conditions, values['llama-server'], ['auto', 'off'])
const results: Results = new Map(field.contestants.map(({ name }) => [name, []]))
for (const { about } of field.contestants) console.log(`with ${about}`)
for (const line of field.missing) console.log(`without: ${line}`)
try {
  await takeTurns(field)
} finally {
  await field.stop()
}
const text = throughputReport({ field, results, conditions, streams, tokens, model: shape.name })
mkdirSync(values.output, { recursive: true })
writeFileSync(join(values.output, 'throughput.md'), text)
writeFileSync(join(values.output, 'throughput.svg'), throughputChart(results, streams))
console.log(`\n${text}`)

/** Round 0 warms everybody up with answers of a few tokens, and is thrown away. */
async function takeTurns({ contestants }: Field): Promise<void> {
  await playRound(contestants, 0, 4)
  const warmAt = performance.now()
  for (let round = 1; round <= rounds; round++) {
    const roundMs = (performance.now() - warmAt) / (round - 1)
    const endsMs = performance.now() - startedAt + roundMs
    if (round > FEWEST_ROUNDS && endsMs > Number(values.minutes) * 60_000) {
      console.log(`no time for round ${round}`)
      return
    }
    const numbers = await playRound(contestants, round, tokens)
    for (const [name, list] of results) list.push(numbers.get(name) ?? new Map())
  }
}

/** Every step with everybody before the next step; who begins changes from step to step and round to round. */
async function playRound(
  contestants: readonly Contestant[],
  round: number,
  length: number,
): Promise<Map<string, Numbers>> {
  const steps: Step[] = [
    firstToken,
    ...streams.map((n) => streaming(n, n === 1 ? length * SINGLE_STREAM_FACTOR : length)),
    hangingUp,
    memory,
  ]
  const all = new Map<string, Numbers>(contestants.map(({ name }) => [name, new Map()]))
  for (const [i, step] of steps.entries()) {
    const order = (round + i) % 2 === 0 ? contestants : contestants.toReversed()
    for (const contestant of order) {
      for (const [measure, value] of await step(contestant, round))
        all.get(contestant.name)?.set(measure, value)
    }
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  console.log(`${round === 0 ? 'warm' : `round ${round} of ${rounds}`} after ${seconds} s`)
  if (round > 0) for (const [name, numbers] of all) console.log(`  ${name}: ${summary(numbers)}`)
  return all
}

function summary(numbers: Numbers): string {
  const texts = allMeasures(streams).map((measure) =>
    shown(numbers.get(measure) ?? Number.NaN, measure.digits),
  )
  return texts.join(' ')
}
