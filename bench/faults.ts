/**
 * Random faults while a model is pulled: kills, damaged files, cut connections, wrong bytes, a full disk. Exits with 1
 * when anything happened that must not. Prints a Markdown table and writes it to bench/results/faults.md.
 *
 *   npm run build && npx tsx bench/faults.ts [--faults 1000] [--seed 1]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FAULTS, pullFaults } from './pull-faults.ts'
import { shown, table, whereAndWhen } from './report.ts'

const { values } = parseArgs({
  options: { faults: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
})
const report = await pullFaults(Number(values.faults), Number(values.seed), (done) => {
  if (done % 50 === 0) console.error(`${done} faults`)
})

const { violations, extraPieces } = report
const rows = [
  ...FAULTS.map((kind) => [kind, report.counts[kind]]),
  ['there after a fault that left something to do, on average', `${Math.round(report.present * 100)} %`],
  ['next pulls that had to fetch something again', report.repaired],
  ['pieces fetched again by the next pull, median', shown(extraPieces.median, 1)],
  ['… most', shown(extraPieces.most, 1)],
  ['wrong blobs, pulls that failed, ranges fetched again without need', violations.length],
].map((row) => row.map(String))
const disk =
  report.disk === 'tmpfs' ? 'a file system of 24 MiB that is filled up' : 'a limit on the size of files'
const text = `# Faults while a model is pulled

${whereAndWhen()}, load average ${os.loadavg()[0]?.toFixed(1)}, ${Math.round(report.seconds)} s, seed ${report.seed}. \
Each fault hits the pull of a blob of ${(report.size / 2 ** 20).toFixed(1)} MiB into an empty folder, in parts of 0.4 MB and \
pieces of ${report.pieceBytes / 1024} KiB, by a process of its own; then it is pulled again. The full disk is ${disk}.

${table(['', ''], rows)}
${violations.map((violation) => `\n- ${violation}`).join('')}`
const folder = fileURLToPath(new URL('results/', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}faults.md`, `${text.trimEnd()}\n`)
console.log(text)
process.exit(violations.length > 0 ? 1 : 0)
