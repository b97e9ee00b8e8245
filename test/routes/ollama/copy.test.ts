import { expect, test } from 'vitest'
import { blobNames } from '../../helpers/store.ts'
import { serve } from './serve.ts'

test('ollama 123: POST /api/copy gives a model another name and answers without a body', async () => {
  const { http, show, modelsFolder } = await serve()
  const before = await blobNames(modelsFolder)
  const reply = await http.post('/api/copy').send({ source: 'tiny', destination: 'u/copy' })
  expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, '', undefined])
  expect((await show({ model: 'u/copy' })).body.details.family).toBe('llama')
  expect(await blobNames(modelsFolder)).toEqual(before)
})

test.each([
  [{ source: 'nope', destination: 'x' }, 404, 'model "nope" not found'],
  [{ source: 'tiny', destination: 'a b' }, 400, 'destination "a b" is invalid'],
  [{ source: 'tiny' }, 400, 'destination "" is invalid'],
  [{ destination: 'x' }, 400, 'source "" is invalid'],
  [{ source: 'a"b', destination: 'x' }, 400, 'source "a\\"b" is invalid'],
])('ollama 123: POST /api/copy %j is refused', async (body, status, error) => {
  const { http } = await serve()
  const reply = await http.post('/api/copy').send(body)
  expect([reply.status, reply.body]).toEqual([status, { error }])
})

test('ollama 124: copying a model to itself is fine', async () => {
  const { http } = await serve()
  const reply = await http.post('/api/copy').send({ source: 'tiny', destination: 'Tiny' })
  expect(reply.status).toBe(200)
  expect((await http.get('/api/tags')).body.models).toHaveLength(1)
})

test('POST /api/copy without a body says so', async () => {
  const { http } = await serve()
  const reply = await http.post('/api/copy')
  expect([reply.status, reply.body]).toEqual([400, { error: 'missing request body' }])
})
