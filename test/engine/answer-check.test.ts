import { expect, test } from 'vitest'
import { collect } from '../../engine/collect.ts'
import { createEngine } from '../../engine/engine.ts'
import type { AnswerFormat, GenerateJob } from '../../engine/types.ts'
import { TEST_SETTINGS } from '../helpers/app.ts'
import { ScriptedBackend } from '../helpers/scripted-backend.ts'
import { model } from './prompt/jobs.ts'

const SCHEMA = { type: 'object', properties: { a: { type: 'integer', minimum: 3 } }, required: ['a'] }

/** What an engine makes of an answer its runner should not have given. */
async function answer(
  text: string,
  format: AnswerFormat,
  reason: 'stop' | 'length' = 'stop',
  stop: string[] = [],
) {
  const errors: object[] = []
  const log = { info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
  const backend = new ScriptedBackend({ answers: [{ steps: [text], reason }] })
  const engine = createEngine({ backend, settings: TEST_SETTINGS, log })
  const job: GenerateJob = {
    kind: 'generate',
    model: model({}, { capabilities: ['completion'] }),
    rawName: 'm',
    prompt: 'q',
    raw: true,
    options: { stop },
    format,
    truncate: true,
    shift: false,
  }
  const result = await collect(engine.run(job, new AbortController().signal)).then(
    ({ text: whole }) => whole,
    (error: unknown) => error,
  )
  await engine.close()
  return { result, errors }
}

test('an answer that satisfies its schema is passed on', async () => {
  expect(await answer('{"a":3}', { schema: SCHEMA })).toEqual({ result: '{"a":3}', errors: [] })
})

test.each([
  ['does not satisfy its schema', '{"a":2}', 'must be >= 3'],
  ['is not JSON', '{"a":', 'it is not JSON'],
])('an answer that ended by itself and %s is an error of the engine, and logged', async (_, text, why) => {
  const { result, errors } = await answer(text, { schema: SCHEMA })
  expect(result).toMatchObject({ code: 'invalid_answer', message: expect.stringContaining(why) })
  expect(errors).toEqual([
    { schema: expect.stringMatching(/^[0-9a-f]{64}$/), why: expect.stringContaining(why) },
  ])
})

test('an answer that was cut off is not checked', async () => {
  expect((await answer('{"a":', { schema: SCHEMA }, 'length')).result).toBe('{"a":')
  expect((await answer('{"a":', { schema: SCHEMA }, 'stop', ['}'])).result).toBe('{"a":')
})

test('a list of items in the older way of writing is checked too', async () => {
  const schema = { type: 'array', items: [{ type: 'integer' }], additionalItems: false }
  expect((await answer('[1]', { schema })).result).toBe('[1]')
  expect((await answer('["x"]', { schema })).result).toMatchObject({ code: 'invalid_answer' })
})

test('a schema that takes for ever to check does not hold up the server', async () => {
  const leaf = (b: number) => ({ properties: { a: { $ref: '#/$defs/n' }, b: { const: b } }, required: ['b'] })
  const schema = { $ref: '#/$defs/n', $defs: { n: { anyOf: [1, 2, 3].map(leaf) } } }
  const text = `${'{"a":'.repeat(40)}{"b":4}${',"b":4}'.repeat(40)}`
  const { validatorFor } = await import('../../engine/answer-validator.ts')
  expect(validatorFor(schema).faultsOf(text)).toMatchObject({
    type: 'unchecked',
    why: expect.stringContaining('timed out'),
  })
})
