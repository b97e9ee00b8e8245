/**
 * A storm of kill -9 on the process that holds the model, under eight streams. Exits with 1 when anything happened
 * that must not. Prints a Markdown table and writes it to bench/results/chaos.md. Linux only.
 *
 *   npm run build && npx tsx bench/chaos.ts [--kills 1000]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from './report.ts'
import { storm } from './storm.ts'

/** Growth of the live heap over the whole storm that is not a leak: lists with a bound that fill up. */
const NOISE_BYTES = 4 * 2 ** 20
/** The same for resident memory, which the garbage collector lets grow before it does anything. */
const RESIDENT_NOISE_BYTES = 64 * 2 ** 20

const { values } = parseArgs({ options: { kills: { type: 'string', default: '1000' } } })
const report = await storm(Number(values.kills), (done) => {
  if (done % 50 === 0) console.error(`${done} kills`)
})

const { outcomes, violations, recoveryMs, openFiles } = report
const { before, after } = report.residentBytes
if (report.bytesPerKill * report.kills > NOISE_BYTES) violations.push('the live heap grew with the kills')
if (after - before > RESIDENT_NOISE_BYTES) violations.push('resident memory grew with the kills')
const rows = [
  ['kills', report.kills],
  ['… of these before the runner had given anything', report.duringLoad],
  ['requests answered', outcomes.answered],
  ['cut off in mid-answer, with Ollama’s error', outcomes['cut off']],
  ['refused: there, the second time alone, when two runners died', outcomes.refused],
  ['failed because the runner died while loading', outcomes['load failed']],
  ['from a kill to the next piece of an answer, median, ms', Math.round(recoveryMs.median)],
  ['… longest, ms', Math.round(recoveryMs.longest)],
  ['live heap of the server, growth by kill after the warm-up, KiB', (report.bytesPerKill / 1024).toFixed(2)],
  ['resident memory of the server after the warm-up, MiB', Math.round(before / 2 ** 20)],
  ['… at the end, MiB', Math.round(after / 2 ** 20)],
  ['open files of the server, before', openFiles.before],
  ['… after', openFiles.after],
  ['hung requests, orphans, zombies and other violations', violations.length],
].map((row) => row.map(String))
const text = `# A storm of kill -9

${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} (${os.availableParallelism()} cores), \
Node ${process.version}, load average ${os.loadavg()[0]?.toFixed(1)}, ${Math.round(report.seconds)} s. Eight streams on \
snug-tiny, one thread; the wait before a model that keeps dying is loaded again was shortened to 5 to 50 ms.

${table(['', ''], rows)}
${violations.map((violation) => `\n- ${violation}`).join('')}`
const folder = fileURLToPath(new URL('results/', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}chaos.md`, `${text.trimEnd()}\n`)
console.log(text)
process.exit(violations.length > 0 ? 1 : 0)
