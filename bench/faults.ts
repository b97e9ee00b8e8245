/**
 * Random faults while models are pulled and made: kills, damaged files, cut connections, wrong bytes, a full disk.
 * Exits with 1 when anything happened that must not. Prints Markdown tables and writes them to bench/results/faults.md
 * and create-faults.md.
 *
 *   npm run build && npx tsx bench/faults.ts [--faults 1000] [--seed 1] [pull] [create]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DISK_MIB as CREATE_DISK_MIB, CREATE_FAULTS, createFaults } from './create-faults.ts'
import { DISK_MIB, FAULTS, pullFaults } from './pull-faults.ts'
import { shown, table, whereAndWhen } from './report.ts'

const { values, positionals } = parseArgs({
  options: { faults: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const onFault = (done: number) => {
  if (done % 50 === 0) console.error(`${done} faults`)
}

const PARTS = { pull: whilePulling, create: whileCreating }
type Part = keyof typeof PARTS
const wanted = (Object.keys(PARTS) as Part[]).filter(
  (part) => positionals.length === 0 || positionals.includes(part),
)
let violations = 0
for (const part of wanted) violations += await PARTS[part]()
process.exit(violations > 0 ? 1 : 0)

async function whilePulling(): Promise<number> {
  const report = await pullFaults(Number(values.faults), Number(values.seed), onFault)
  const { violations, extraPieces } = report
  const rows = [
    ...FAULTS.map((kind) => [kind, report.counts[kind]]),
    ['there after a fault that left something to do, on average', `${Math.round(report.present * 100)} %`],
    ['next pulls that had to fetch something again', report.repaired],
    ['pieces fetched again by the next pull, median', shown(extraPieces.median, 1)],
    ['… most', shown(extraPieces.most, 1)],
    ['wrong blobs, pulls that failed, ranges fetched again without need', violations.length],
  ]
  const what = `Each fault hits the pull of a blob of ${(report.size / 2 ** 20).toFixed(1)} MiB into an empty folder, in \
parts of 0.4 MB and pieces of ${report.pieceBytes / 1024} KiB, by a process of its own; then it is pulled again. The \
full disk is ${diskOf(report, DISK_MIB)}.`
  publish('faults.md', 'Faults while a model is pulled', what, report, rows)
  return violations.length
}

async function whileCreating(): Promise<number> {
  const report = await createFaults(Number(values.faults), Number(values.seed), onFault)
  const rows = [
    ...CREATE_FAULTS.map((kind) => [kind, report.counts[kind]]),
    ['models that were not there after the fault', report.broken],
    ['wrong or stray blobs, incomplete models, servers without an answer', report.violations.length],
  ]
  const what = `Each fault hits the upload of a model of some megabytes and \`POST /api/create\`, as GGUF or safetensors, as \
it is or quantized; then it is made again and must be the same. The full disk is ${diskOf(report, CREATE_DISK_MIB)}.`
  publish('create-faults.md', 'Faults while a model is made', what, report, rows)
  return report.violations.length
}

function diskOf({ disk }: { disk: 'tmpfs' | 'limit' }, mebibytes: number): string {
  return disk === 'tmpfs'
    ? `a file system of ${mebibytes} MiB that is filled up`
    : 'a limit on the size of files'
}

function publish(
  file: string,
  title: string,
  what: string,
  { seconds, seed, violations }: { seconds: number; seed: number; violations: readonly string[] },
  rows: readonly (readonly (string | number)[])[],
): void {
  const text = `# ${title}

${whereAndWhen()}, load average ${os.loadavg()[0]?.toFixed(1)}, ${Math.round(seconds)} s, seed ${seed}. ${what}

${table(
  ['', ''],
  rows.map((row) => row.map(String)),
)}
${violations.map((violation) => `\n- ${violation}`).join('')}`
  const folder = fileURLToPath(new URL('results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${file}`, `${text.trimEnd()}\n`)
  console.log(text)
}
