/**
 * Plays random events to the scheduler on a simulated machine and stops at the first thing that is wrong, with the
 * seed and the events before it: npx tsx bench/simulate.ts --steps 1000000 --seed 1
 */
import { parseArgs } from 'node:util'
import { simulate } from '../test/engine/scheduler/simulation/simulate.ts'

/** Steps of one seed: limits and kinds of planner change with it. */
const STEPS_PER_SEED = 20_000

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
const total = Number(values.steps)
const startedAt = performance.now()
const sums = { steps: 0, granted: 0, refused: 0, loads: 0, deaths: 0, longestWaitMs: 0 }
for (let seed = Number(values.seed); sums.steps < total; seed++) {
  const result = simulate(seed, Math.min(STEPS_PER_SEED, total - sums.steps))
  for (const name of ['steps', 'granted', 'refused', 'loads', 'deaths'] as const) sums[name] += result[name]
  sums.longestWaitMs = Math.max(sums.longestWaitMs, result.longestWaitMs)
}
const seconds = Math.round((performance.now() - startedAt) / 1000)
process.stdout.write(`${JSON.stringify({ ...sums, seconds })}\n`)
