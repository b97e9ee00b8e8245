/** The real quantizer behind the real routes. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import request from 'supertest'
import { expect, onTestFinished, test } from 'vitest'
import { createEngine } from '../../../engine/engine.ts'
import { createEmbeddedBackend } from '../../../engine/runner/embedded.ts'
import { openModelStore } from '../../../engine/store/models.ts'
import { buildApp } from '../../../src/app.ts'
import { TEST_SETTINGS } from '../../helpers/app.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { NO_PULLS, NO_REGISTRIES } from '../../helpers/store.ts'
import { lines } from '../../routes/ollama/serve.ts'

test('POST /api/create stores weights in another type, tells how far it is, and the model answers', async () => {
  const folder = await tempFolder()
  const log = pino({ level: 'silent' })
  const models = await openModelStore({ folder, log, noPrune: false, templates: 'jinja' })
  const backend = createEmbeddedBackend({ threads: 1, log })
  const engine = createEngine({ backend, settings: TEST_SETTINGS, log })
  const app = buildApp(
    { emulatedVersion: '0.33.0' },
    { engine, models, registries: NO_REGISTRIES, pulls: NO_PULLS, logger: log },
  )
  onTestFinished(() => app.close())
  const http = request(await app.listen({ host: '127.0.0.1', port: 0 }))
  const path = join(folder, 'f16.gguf')
  await writeRandomModel(path, SHAPE_SMALL, { weights: 'F16' })
  const weights = await readFile(path)
  const digest = `sha256:${createHash('sha256').update(weights).digest('hex')}`
  expect((await http.post(`/api/blobs/${digest}`).send(weights)).status).toBe(201)

  const body = { model: 'small', files: { 'f16.gguf': digest }, quantize: 'q8_0' }
  const reply = lines(await http.post('/api/create').send(body))
  const status = 'quantizing F16 model to Q8_0'
  expect(reply.filter((line) => line.status === status).at(-1)).toEqual({
    status,
    digest,
    total: weights.length,
    completed: weights.length,
  })
  expect(reply.at(-1)).toEqual({ status: 'success' })
  const shown = await http.post('/api/show').send({ model: 'small' })
  expect(shown.body.details).toMatchObject({ family: 'llama', quantization_level: 'Q8_0' })
  const answer = await http
    .post('/api/generate')
    .send({ model: 'small', prompt: 'a', stream: false, options: { num_predict: 4 } })
  expect(answer.body.eval_count).toBe(4)
})
