/**
 * Damaged GGUF files: read in a child process, and with --load given to real runners as far as the reader lets them
 * through. Exits with 1 when anything happened that must not. Prints Markdown; reading also writes it to
 * bench/results/fuzz-gguf.md, as loading does below it.
 *
 *   npx tsx bench/fuzz-gguf.ts [--cases 50000] [--seed 1]
 *   npm run build && npx tsx bench/fuzz-gguf.ts --load [--cases 1000] [--seed 1]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fuzzReader } from '../test/helpers/gguf-fuzz.ts'
import { fuzzLoads } from './fuzz-loads.ts'
import { table } from './report.ts'

const SLOW_MS = 2000
const GROWTH_BYTES = 256 * 2 ** 20

const { values } = parseArgs({
  options: {
    load: { type: 'boolean', default: false },
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const seed = Number(values.seed)
const machine = `${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} \
(${os.availableParallelism()} cores), Node ${process.version}, load average ${os.loadavg()[0]?.toFixed(1)}, seed ${seed}.`
const list = (lines: readonly string[]) => lines.map((line) => `\n- ${line.replaceAll('\n', ' ')}`).join('')
const rowsOf = (rows: readonly (readonly [string, string | number])[]) =>
  table(
    ['', ''],
    rows.map((row) => row.map(String)),
  )

interface Part {
  title: string
  text: string
  violations: readonly string[]
}

async function reads(): Promise<Part> {
  const report = await fuzzReader({ seed, cases: Number(values.cases ?? 50_000) })
  const violations = [...report.faults]
  if (report.slowestMs > SLOW_MS) violations.push('a file took more than two seconds')
  if (report.grownBytes > GROWTH_BYTES) violations.push('memory grew by more than 256 MB')
  const rows = rowsOf([
    ['damaged files', report.cases],
    ['read all the same', report.read],
    ['refused with a sentence that says why', report.refused - report.faults.length],
    ['anything else: crashes, other errors, vague sentences', report.faults.length],
    ['slowest file, ms', Math.round(report.slowestMs)],
    ['peak of memory above that of a warm process, MiB', Math.round(report.grownBytes / 2 ** 20)],
  ])
  const kinds = rowsOf(Object.entries(report.kinds).sort(([, a], [, b]) => b - a))
  return { title: '## Read', text: `${machine}\n\n${rows}\n\nKinds of damage:\n\n${kinds}`, violations }
}

async function loads(): Promise<Part> {
  const report = await fuzzLoads({ seed, loads: Number(values.cases ?? 1000) }, (done) => {
    if (done % 50 === 0) console.error(`${done} loads`)
  })
  const died = report.diedLoading.length + report.diedLater.length
  const rows = rowsOf([
    ['damaged files refused by the reader', report.refused],
    ['let through, and given to a runner', report.loads],
    ['… which answered', report.answered],
    ['… refused by llama.cpp with a message', report.failed],
    ['… whose process died while it loaded', report.diedLoading.length],
    ['… whose process died when it was used', report.diedLater.length],
    ['anything but an EngineError in the parent', report.violations.length],
    ['slowest load and answer, ms', Math.round(report.slowestMs)],
  ])
  const deaths = died === 0 ? '' : `\n${list([...report.diedLoading, ...report.diedLater])}`
  return { title: '## Load', text: `${machine}\n\n${rows}${deaths}`, violations: report.violations }
}

const part = values.load ? await loads() : await reads()
const folder = fileURLToPath(new URL('results/', import.meta.url))
const path = `${folder}fuzz-gguf.md`
mkdirSync(folder, { recursive: true })
writeFileSync(path, withPart(written(path), part))
console.log(`${part.text}${list(part.violations)}`)
process.exit(part.violations.length > 0 ? 1 : 0)

function written(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The first run.
    return '# Damaged GGUF files\n'
  }
}

/** The report with a part in place of an older one. */
function withPart(text: string, { title, text: body, violations }: Part): string {
  const [head = '', ...parts] = text.split(/^(?=## )/m)
  const others = parts.filter((each) => !each.startsWith(title))
  const all = [...others, `${title}\n\n${body}${list(violations)}`].sort().reverse()
  return `${[head, ...all].map((each) => each.trim()).join('\n\n')}\n`
}
