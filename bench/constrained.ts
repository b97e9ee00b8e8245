/**
 * Random walks under grammars: weights that know nothing, temperature 1, a new seed each time, many answers at once.
 * Every answer that ends by itself has to parse and to satisfy its schema, as a plain ajv sees it.
 *
 *   npx tsx bench/constrained.ts [--count 5000] [--streams 8] [--model snug-tiny]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CONSTRAINED_SCHEMAS } from '../test/fixtures/constrained-schemas.ts'
import { CLOSING_BYTES, constrainedRun } from '../test/helpers/constrained-run.ts'
import { SHAPE_SMALL, writeRandomModel } from '../test/helpers/random-model.ts'
import { openSnugTiny } from '../test/helpers/snug-tiny.ts'
import { table } from './report.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    streams: { type: 'string', default: '8' },
    model: { type: 'string', default: 'random' },
  },
})
const isRandom = values.model !== 'snug-tiny'
const folder = await mkdtemp(join(os.tmpdir(), 'snug-constrained-'))
const { engine, model } = await openSnugTiny(folder, { parallel: Number(values.streams) })
const startedAt = performance.now()
try {
  const weightsPath = join(folder, 'random.gguf')
  if (isRandom) await writeRandomModel(weightsPath, SHAPE_SMALL)
  const results = await constrainedRun({
    engine,
    model: isRandom ? { ...model, weightsPath } : model,
    schemas: CONSTRAINED_SCHEMAS,
    count: Number(values.count),
    streams: Number(values.streams),
    ...(isRandom ? { closing: CLOSING_BYTES } : {}),
  })
  report(results)
  process.exitCode = results.every(({ finished, valid }) => finished === valid) ? 0 : 1
} finally {
  await engine.close()
  await rm(folder, { recursive: true })
}

function report(results: Awaited<ReturnType<typeof constrainedRun>>): void {
  const sum = (pick: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + pick(result), 0)
  const rows = results.map(({ kind, schemas, finished, valid, cut, tokens }) =>
    [kind, schemas, finished, valid, cut, tokens].map(String),
  )
  const total = [
    sum((r) => r.schemas),
    sum((r) => r.finished),
    sum((r) => r.valid),
    sum((r) => r.cut),
    sum((r) => r.tokens),
  ]
  const seconds = (performance.now() - startedAt) / 1000
  const text = `# Constrained output

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} \
(${os.availableParallelism()} cores), ${values.streams} answers at a time, temperature 1, \
${isRandom ? 'random weights' : 'snug-tiny'}, ${seconds.toFixed(0)} s.

Answers cut off at the most tokens there may be are counted apart and made up for.

${table(['', 'schemas', 'finished', 'valid', 'cut off', 'tokens'], [...rows, ['all', ...total.map(String)]])}
`
  const failures = results.flatMap((result) => result.failures)
  console.log([text, ...failures].join('\n'))
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(join(here, 'results', 'constrained.md'), text)
}
