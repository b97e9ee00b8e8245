/** Constrained answers from models that know nothing: whatever weights say, what comes out keeps to its form. */
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { collect } from '../../engine/collect.ts'
import type { ChatJob, GenerateJob, Tool } from '../../engine/types.ts'
import { CONSTRAINED_SCHEMAS } from '../fixtures/constrained-schemas.ts'
import { CLOSING_BYTES, constrainedRun } from '../helpers/constrained-run.ts'
import { tempFolder } from '../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../helpers/random-model.ts'
import { snugTiny } from '../helpers/snug-tiny.ts'

const NEVER = new AbortController().signal

async function randomEngine() {
  const opened = await snugTiny({ parallel: 8 })
  const weightsPath = join(await tempFolder(), 'random.gguf')
  await writeRandomModel(weightsPath, SHAPE_SMALL)
  return { ...opened, model: { ...opened.model, weightsPath } }
}

test('every answer that ends parses and satisfies its schema, with random weights and seeds', async () => {
  const { engine, model } = await randomEngine()
  const schemas = CONSTRAINED_SCHEMAS
  expect(Object.values(schemas).flat().length).toBeGreaterThan(100)
  const results = await constrainedRun({ engine, model, schemas, count: 250, closing: CLOSING_BYTES })
  expect(results.flatMap(({ failures }) => failures)).toEqual([])
  expect(results.reduce((sum, { valid }) => sum + valid, 0)).toBeGreaterThanOrEqual(250)
}, 120_000)

const job = (model: GenerateJob['model'], change: Partial<GenerateJob>): GenerateJob => ({
  kind: 'generate',
  model,
  rawName: 'm',
  prompt: 'Go:',
  raw: true,
  options: { temperature: 1, seed: 1, maxTokens: 60, contextLength: 512 },
  truncate: true,
  shift: false,
  ...change,
})

test('a grammar of the client holds the answer', async () => {
  const { engine, model } = await randomEngine()
  const grammar = 'root ::= ("ab" | "ü" [x-z])+ "."'
  for (let seed = 0; seed < 5; seed++) {
    const options = { temperature: 1, seed, maxTokens: 200, contextLength: 512 }
    const { text } = await collect(engine.run(job(model, { format: { grammar }, options }), NEVER))
    expect(text).toMatch(/^(ab|ü[x-z])+\.$/)
  }
})

test('a grammar that grows too ambiguous while it is followed ends its own answer and no other', async () => {
  const { engine, model } = await randomEngine()
  // Ten letters a level: each level doubles the readings, too slowly to be seen from where it begins.
  const run = '"aaaaaaaaaa"'
  const grammar = `root ::= a\na ::= ${run} a "b" | ${run} a "c"`
  const options = { temperature: 0, seed: 1, maxTokens: 400, contextLength: 512 }
  const failing = collect(engine.run(job(model, { format: { grammar }, options }), NEVER))
  const other = collect(engine.run(job(model, { format: 'json' }), NEVER))
  await expect(failing).rejects.toMatchObject({
    code: 'bad_format',
    message: expect.stringContaining('ambiguous'),
  })
  await expect(other).resolves.toMatchObject({ text: expect.stringMatching(/^\{/) })
}, 120_000)

const TOOLS: Tool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string', pattern: '^[A-Z][a-z]{1,12}$' },
          days: { type: 'integer', minimum: 1, maximum: 7 },
        },
        required: ['city', 'days'],
        additionalProperties: false,
      },
    },
  },
]

test('a call the model chose to make parses and satisfies the schema of its tool', async () => {
  const { engine, model } = await snugTiny({ parallel: 4 })
  const parameters = TOOLS[0]?.function.parameters ?? {}
  const validate = new Ajv().compile(parameters)
  const ask = (seed: number) => {
    const chat: ChatJob = {
      kind: 'chat',
      model,
      rawName: 'snug-tiny',
      messages: [{ role: 'user', content: 'What is the weather in Paris for the next three days?' }],
      tools: TOOLS,
      toolChoice: 'auto',
      parallelToolCalls: true,
      options: { temperature: 1.5, seed, maxTokens: 120, contextLength: 1024 },
      truncate: true,
      shift: false,
    }
    return collect(engine.run(chat, NEVER))
  }
  const answers = await Promise.all(Array.from({ length: 16 }, (_, seed) => ask(seed)))
  const calls = answers.flatMap(({ toolCalls }) => toolCalls)
  expect(calls.length).toBeGreaterThan(0)
  expect(calls.filter((call) => !validate(call.arguments))).toEqual([])
  // What opened a call and ended by itself became one.
  expect(answers.filter(({ text, reason }) => reason === 'stop' && text.includes('<tool_call>'))).toEqual([])
}, 120_000)
