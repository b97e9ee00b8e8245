import { expect, test } from 'vitest'
import { SNUG_VERSION } from '../../../src/version.ts'
import { testApp } from '../test-app.ts'

test('GET /openapi.json describes the routes of both dialects', async () => {
  const app = await testApp()
  const reply = await app.inject('/openapi.json')
  expect(reply.statusCode).toBe(200)
  const document = reply.json()
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Snug', version: SNUG_VERSION } })
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      '/api/chat',
      '/api/embed',
      '/api/embeddings',
      '/api/generate',
      '/api/tags',
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/models',
      '/v1/rerank',
    ]),
  )
})

test('a body is described field by field', async () => {
  const app = await testApp()
  const document = (await app.inject('/openapi.json')).json()
  const { schema } = document.paths['/api/chat'].post.requestBody.content['application/json']
  const name = String(schema.$ref).replace('#/components/schemas/', '')
  expect(document.components.schemas[name].properties).toHaveProperty('messages')
})

test('a schema is described once, by its own name', async () => {
  const app = await testApp()
  const document = (await app.inject('/openapi.json')).json()
  const names = Object.keys(document.components.schemas)
  expect(names).toEqual(expect.arrayContaining(['OllamaChatRequest', 'SnugHealth', 'SnugEvent']))
  expect(names.filter((name) => name.endsWith('Input'))).toEqual([])
  const { $ref } = document.paths['/api/chat'].post.requestBody.content['application/json'].schema
  expect($ref).toBe('#/components/schemas/OllamaChatRequest')
  // What a client need not send is not asked for.
  expect(document.components.schemas.OllamaChatRequest.required ?? []).not.toContain('stream')
})

test('settings of the server are no part of it', async () => {
  const app = await testApp()
  expect((await app.inject('/openapi.json')).body).not.toContain('OLLAMA_')
})

test('what a client of /api/events may be sent is described, though no schema can describe a socket', async () => {
  const app = await testApp()
  const document = (await app.inject('/openapi.json')).json()
  const { description, responses } = document.paths['/api/events'].get
  expect(description).toContain('SnugEvent')
  expect(responses['200'].content).toHaveProperty('text/event-stream')
  for (const status of ['426', '503']) {
    const { schema } = responses[status].content['application/json']
    expect(schema.properties).toEqual({ error: { type: 'string' } })
  }
  const types = document.components.schemas.SnugEvent.oneOf.map(
    (event: { properties: { type: { const: string } } }) => event.properties.type.const,
  )
  expect(types).toEqual(expect.arrayContaining(['snapshot', 'load-progress', 'evicted', 'speed']))
})
