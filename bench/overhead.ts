/**
 * What Snug adds to a token: the time between two tokens as a client over HTTP sees them, beside the time between
 * two tokens in the bare loop, on a model that computes next to nothing and has 152k tokens to choose from.
 *
 *   npm run build && npx tsx bench/overhead.ts [--rounds 15] [--tokens 512] [--llama-server PATH] [--output FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Contestant } from './contestant.ts'
import { startField } from './contestants.ts'
import { promptOf } from './measures.ts'
import { generatedModel, SHAPE_EMPTY } from './models.ts'
import { withNeighbour } from './neighbour.ts'
import { cpuMs } from './process-tree.ts'
import { median, quantile, shown, table, whereAndWhen } from './report.ts'

const PROMPT_TOKENS = 24
/** Whom the others are compared with. */
const BASE = 'bare loop'

const { values } = parseArgs({
  options: {
    'llama-server': { type: 'string' },
    rounds: { type: 'string', default: '15' },
    tokens: { type: 'string', default: '512' },
    output: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
})
const rounds = Number(values.rounds)
const tokens = Number(values.tokens)

/** Microseconds a token: of the intervals of one answer, and of processor time over all answers. */
interface Costs {
  p50: number[]
  p99: number[]
  mean: number[]
  /** Of the process that was started, and of those it started. */
  cpu: { main: number; children: number }
}

const field = await startField(
  { modelPath: await generatedModel(SHAPE_EMPTY), threads: 1, slots: 1, contextLength: 2048 },
  values['llama-server'],
  // The cost of a token in a step of its own: several at a time would hide it.
  ['off'],
)
/** Snug's server and its client take turns on a second core: what that costs the bare loop is the machine's doing. */
const contestants = field.contestants.flatMap((one) =>
  one.name === BASE ? [one, withNeighbour(one)] : [one],
)
const costs = new Map<string, Costs>()
try {
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const cost = await answer(contestant, round)
      if (round > 0) add(contestant.name, cost)
    }
  }
} finally {
  await field.stop()
}

async function answer(contestant: Contestant, round: number) {
  const before = cpuMs(contestant.pid)
  const [stream] = await contestant.run([{ prompt: promptOf(`${round}`, PROMPT_TOKENS), tokens }])
  const after = cpuMs(contestant.pid)
  const arrivals = stream?.arrivals ?? []
  const intervals = arrivals.slice(1).map((ms, i) => (ms - (arrivals[i] ?? 0)) * 1000)
  const cpu = { main: 0, children: 0 }
  for (const [pid, ms] of after) {
    const used = ((ms - (before.get(pid) ?? 0)) * 1000) / tokens
    cpu[pid === contestant.pid ? 'main' : 'children'] += used
  }
  return { intervals, cpu }
}

function add(name: string, { intervals, cpu }: Awaited<ReturnType<typeof answer>>): void {
  const known = costs.get(name) ?? { p50: [], p99: [], mean: [], cpu: { main: 0, children: 0 } }
  known.p50.push(quantile(intervals, 0.5))
  known.p99.push(quantile(intervals, 0.99))
  known.mean.push(intervals.reduce((sum, us) => sum + us, 0) / intervals.length)
  known.cpu.main += cpu.main / rounds
  known.cpu.children += cpu.children / rounds
  costs.set(name, known)
}

/** Round by round, so that what slows a whole round down does not count. */
const added = (own: readonly number[], base: readonly number[]): number =>
  median(own.map((us, round) => us - (base[round] ?? Number.NaN)))

const base = costs.get(BASE)
const rows = [...costs].map(([name, cost]) => [
  name,
  shown(median(cost.p50), 0),
  shown(median(cost.p99), 0),
  ...(['p50', 'p99', 'mean'] as const).map((key) => shown(added(cost[key], base?.[key] ?? []), 0)),
  shown(cost.cpu.main, 0),
  shown(cost.cpu.children, 0),
])
const head = ['', 'p50', 'p99', 'added p50', 'added p99', 'added mean', 'CPU, itself', 'CPU, its children']
const text = `# Cost of a token besides computing it

${whereAndWhen()}. One stream, one thread, a model with one layer, 32 wide, and 151,936 tokens; ${rounds} answers of \
${tokens} tokens taken in turn. Microseconds between two tokens as the client sees them, medians over the answers; \
what is added is the difference to the bare loop in the same round. CPU is processor time a token. A server and its \
client need a second core; the row of the bare loop with another core busy tells what that alone does on this machine.

${table(head, rows)}

${field.contestants.map(({ name, about }) => `- ${name}: ${about}`).join('\n')}
${field.missing.map((line) => `- Not there: ${line}.\n`).join('')}`
mkdirSync(values.output, { recursive: true })
writeFileSync(join(values.output, 'overhead.md'), text)
console.log(text)
