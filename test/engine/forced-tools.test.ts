/** Forced calls from a model that was never taught these tools: what comes out is a valid call all the same. */
import { expect, test } from 'vitest'
import { CONSTRAINED_SCHEMAS } from '../fixtures/constrained-schemas.ts'
import { snugTiny } from '../helpers/snug-tiny.ts'
import { toolRun } from '../helpers/tool-run.ts'
import { CALL_SHAPES } from './prompt/call-shapes.ts'

const SCHEMAS = Object.values(CONSTRAINED_SCHEMAS)
  .flat()
  .filter((schema) => schema.type === 'object' || !JSON.stringify(schema).includes('$ref'))

const sum = (results: Awaited<ReturnType<typeof toolRun>>) =>
  results.reduce((total, { valid }) => total + valid, 0)

test('every forced call is valid, and none comes where calls are forbidden', async () => {
  const { engine, model } = await snugTiny({ parallel: 4 })
  const results = await toolRun({
    engine,
    model,
    templates: { own: undefined },
    schemas: SCHEMAS,
    count: 16,
    streams: 4,
  })
  expect(results.flatMap(({ failures }) => failures)).toEqual([])
  expect(sum(results)).toBeGreaterThanOrEqual(16)
}, 240_000)

test('the same in every other way to write a call', async () => {
  const { engine, model } = await snugTiny({ parallel: 4 })
  const templates = Object.fromEntries(CALL_SHAPES.map(({ name, template }) => [name, template]))
  const results = await toolRun({ engine, model, templates, schemas: SCHEMAS, count: 32, streams: 4 })
  expect(results.flatMap(({ failures }) => failures)).toEqual([])
  expect(sum(results)).toBeGreaterThanOrEqual(32)
}, 240_000)
