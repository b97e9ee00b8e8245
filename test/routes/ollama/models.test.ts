import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { installFixtures, manifestPathOf } from '../../helpers/fixtures.ts'
import { serve } from './serve.ts'

const names = (body: { models: { name: string }[] }) => body.models.map(({ name }) => name)

test('ollama 113: an empty store is an empty list', async () => {
  const { http } = await serve({ models: [] })
  expect((await http.get('/api/tags')).body).toEqual({ models: [] })
})

test('ollama 114: installed models are listed newest first, each with every key', async () => {
  const { http } = await serve({
    models: [
      { from: 'tiny', as: 'old', modifiedAt: new Date('2026-01-01T00:00:00Z') },
      { from: 'msg', as: 'new', modifiedAt: new Date('2026-03-01T00:00:00Z') },
      { from: 'jinja', as: 'middle', modifiedAt: new Date('2026-02-01T00:00:00Z') },
    ],
  })
  const { body } = await http.get('/api/tags')
  expect(names(body)).toEqual(['new:latest', 'middle:latest', 'old:latest'])
  const [entry] = body.models
  expect(Object.keys(entry)).toEqual([
    'name',
    'model',
    'modified_at',
    'size',
    'digest',
    'details',
    'capabilities',
  ])
  expect(entry).toMatchObject({
    model: 'new:latest',
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    details: { format: 'gguf', family: 'llama', families: ['llama'], quantization_level: 'Q4_0' },
    capabilities: ['completion'],
  })
  expect(Date.parse(entry.modified_at)).toBe(Date.parse('2026-03-01T00:00:00Z'))
  expect(entry.size).toBeGreaterThan(0)
})

test('ollama 115: models that another program adds are seen, and broken ones passed over', async () => {
  const { http, modelsFolder } = await serve()
  await installFixtures(modelsFolder, ['msg', 'jinja'])
  await writeFile(manifestPathOf(modelsFolder, 'jinja'), '{"broken')
  expect(names((await http.get('/api/tags')).body).sort()).toEqual(['msg:latest', 'tiny:latest'])
})

test('ollama 125: a deleted model takes along only what no other model uses', async () => {
  const { http, show, modelsFolder } = await serve({
    models: ['tiny', { from: 'tiny', as: 'u/copy', system: 'only here' }],
  })
  const blobs = async () => (await readdir(`${modelsFolder}/blobs`)).length
  const before = await blobs()
  const reply = await http.delete('/api/delete').send({ model: 'u/copy' })
  expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, '', undefined])
  expect(await blobs()).toBeLessThan(before)
  expect((await show({ model: 'u/copy' })).status).toBe(404)
  expect((await show({ model: 'tiny' })).status).toBe(200)
  expect(existsSync(dirname(dirname(manifestPathOf(modelsFolder, 'u/copy'))))).toBe(false)
  await http.delete('/api/delete').send({ name: 'tiny' })
  expect(await blobs()).toBe(0)
})

test.each([
  [{ model: 'nope' }, 404, "model 'nope' not found"],
  [{}, 400, 'model is required'],
  [{ name: '' }, 400, 'model is required'],
  [{ model: '^' }, 400, 'name "^" is invalid'],
])('ollama 126: deleting %j is refused', async (body, status, error) => {
  const { http } = await serve()
  const reply = await http.delete('/api/delete').send(body)
  expect([reply.status, reply.body]).toEqual([status, { error }])
})

test('ollama 126: a model may be named by the older key', async () => {
  const { http } = await serve()
  expect((await http.delete('/api/delete').send({ name: 'tiny' })).status).toBe(200)
  expect((await http.get('/api/tags')).body).toEqual({ models: [] })
})

test('ollama 127: the cloud form of a name deletes the stub stored under it', async () => {
  const { http, modelsFolder } = await serve({ models: ['tiny', { from: 'stub', as: 'x:20b-cloud' }] })
  expect((await http.delete('/api/delete').send({ model: 'x:20b:cloud' })).status).toBe(200)
  expect(existsSync(manifestPathOf(modelsFolder, 'x:20b-cloud'))).toBe(false)
  expect(names((await http.get('/api/tags')).body)).toEqual(['tiny:latest'])
})
