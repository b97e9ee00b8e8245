/**
 * Forced tool calls: schemas at random as arguments, in the model's own way to write calls and in every other one the
 * tests know, temperature 1, a new seed each time. Every answer that ends by itself has to be one valid call to an offered tool;
 * where calls are forbidden there must be none.
 *
 *   npx tsx bench/tools.ts [--count 2000] [--streams 8]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CALL_SHAPES } from '../test/engine/prompt/call-shapes.ts'
import { CONSTRAINED_SCHEMAS } from '../test/fixtures/constrained-schemas.ts'
import { openSnugTiny } from '../test/helpers/snug-tiny.ts'
import { type ToolRunResult, toolRun } from '../test/helpers/tool-run.ts'
import { table } from './report.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: { count: { type: 'string', default: '2000' }, streams: { type: 'string', default: '8' } },
})
const folder = await mkdtemp(join(os.tmpdir(), 'snug-tools-'))
const { engine, model } = await openSnugTiny(folder, { parallel: Number(values.streams) })
const startedAt = performance.now()
try {
  const schemas = Object.values(CONSTRAINED_SCHEMAS)
    .flat()
    .filter((schema) => schema.type === 'object' || !JSON.stringify(schema).includes('$ref'))
  const run = { engine, model, schemas, streams: Number(values.streams) }
  const half = Math.ceil(Number(values.count) / 2)
  const own = await toolRun({ ...run, templates: { 'own template': undefined }, count: half })
  const shapes = Object.fromEntries(CALL_SHAPES.map(({ name, template }) => [name, template]))
  const others = await toolRun({ ...run, templates: shapes, count: half })
  report([...own, ...others])
} finally {
  await engine.close()
  await rm(folder, { recursive: true })
}

function report(results: readonly ToolRunResult[]): void {
  const sums = (some: readonly ToolRunResult[]) =>
    (['finished', 'valid', 'cut', 'refused'] as const).map((key) =>
      String(some.reduce((total, result) => total + result[key], 0)),
    )
  const names = [...new Set(results.map(({ template }) => template))]
  const rows = names.map((name) => [name, ...sums(results.filter(({ template }) => template === name))])
  const choices = ['required', 'named', 'none'].map((choice) => [
    `all, \`${choice}\``,
    ...sums(results.filter((result) => result.choice === choice)),
  ])
  const seconds = (performance.now() - startedAt) / 1000
  const text = `# Forced tool calls

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} \
(${os.availableParallelism()} cores), ${values.streams} answers at a time, temperature 1, snug-tiny, ${seconds.toFixed(0)} s.

Answers cut off at the most tokens there may be, and schemas that no grammar can hold a syntax to, are counted apart and
made up for.

${table(['', 'finished', 'valid', 'cut off', 'refused'], [...rows, ...choices])}
`
  console.log([text, ...results.flatMap(({ failures }) => failures)].join('\n'))
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(join(here, 'results', 'tools.md'), text)
  process.exitCode = results.every(({ finished, valid }) => finished === valid) ? 0 : 1
}
