import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { installBundledModel } from '../../engine/store/bundled.ts'
import { FitReply } from '../../routes/snug/fit-reply.ts'
import { buildApp } from '../../src/app.ts'
import { fitCommand, historyCommand } from '../../src/commands/fit.ts'
import { fitCommandOf } from '../../src/commands/fit-options.ts'
import { createDeps } from '../../src/deps.ts'
import { tempFolder } from '../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../helpers/random-model.ts'

/** The server as it is run, with the model that comes with it. */
async function running(folder: string, model = 'snug-tiny', settings: Record<string, string> = {}) {
  const config = loadConfig({ HOME: folder, OLLAMA_MODELS: folder, SNUG_THREADS: '1', ...settings })
  const app = buildApp(config, await createDeps(config, pino({ level: 'silent' })))
  onTestFinished(async () => app.close())
  const advice = async (imagined: object = {}) => {
    const payload = { model, ...imagined }
    const reply = await app.inject({ method: 'POST', url: '/api/fit', payload })
    return FitReply.parse(reply.json())
  }
  const answer = async () => {
    const options = { num_predict: 64, temperature: 0 }
    const payload = { model, prompt: 'Count to a hundred.', raw: true, stream: false, options }
    const reply = await app.inject({ method: 'POST', url: '/api/generate', payload })
    expect(reply.statusCode, reply.body).toBe(200)
    return reply.json<{ eval_count: number; eval_duration: number }>()
  }
  return { app, config, advice, answer }
}

test('after an answer, advice on the model shows the speed that was measured, after a restart too', async () => {
  const folder = await tempFolder()
  // Counting repeats itself, and what is foreseen is no measure.
  const first = await running(folder, 'snug-tiny', { SNUG_SPECULATION: 'off' })
  expect((await first.advice()).chosen?.confidence).not.toBe('measured')
  const { eval_count: tokens } = await first.answer()
  expect(tokens).toBeGreaterThanOrEqual(32)
  const measured = await first.advice()
  expect(measured.chosen).toMatchObject({ confidence: 'measured', is_chosen: true })
  expect(measured.report).toMatch(/^▶ .* measured .*$/m)
  const elsewhere = await first.advice({ devices: 'RTX 4090' })
  expect(elsewhere.chosen).toMatchObject({ placement: 'gpu', confidence: 'class' })
  await first.app.close()

  expect(await readFile(join(folder, 'snug-history.json'), 'utf8')).toContain('snug-tiny')
  const second = await running(folder)
  expect((await second.advice()).chosen?.confidence).toBe('measured')
  const asked = fitCommandOf('snug-tiny', {})
  const text = await fitCommand(second.config, asked, {}, new AbortController().signal)
  expect(text).toMatch(/^▶ .* measured .*$/m)
  const history = await historyCommand(second.config)
  expect(history).toMatch(/^snug-tiny:latest, \w+ .*, on .*$/m)
  expect(history).toMatch(/^ {2}memory with \d+ tokens of \w+ cache: .*RAM .* predicted, .* taken/m)
  expect(history).toMatch(/^ {2}speed: .* computed, .* measured \([+-]\d+ %\), 1 answer$/m)
}, 60_000)

test('a model whose heads have no whole blocks runs with a plain cache where OLLAMA_KV_CACHE_TYPE asks for another', async () => {
  const folder = await tempFolder()
  const [file, log] = [join(folder, 'odd.gguf'), pino({ level: 'silent' })]
  await writeRandomModel(file, SHAPE_SMALL)
  await installBundledModel({ folder, name: 'odd', file, log })
  const { advice, answer } = await running(folder, 'odd', { OLLAMA_KV_CACHE_TYPE: 'q8_0' })
  expect((await answer()).eval_count).toBeGreaterThan(0)
  const { chosen, reasons } = await advice()
  expect(chosen?.kv_cache_type).toBe('f16')
  expect(reasons.map(({ sentence }) => sentence)).toContain(
    'The cache is f16: heads of 16 values are no whole blocks of q8_0.',
  )
}, 60_000)
