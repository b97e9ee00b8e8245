import { expect, test } from 'vitest'
import { serve } from './serve.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

test('ollama 1: GET / says that Ollama is running', async () => {
  const { http } = await serve()
  const reply = await http.get('/')
  expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([
    200,
    'text/plain; charset=utf-8',
    'Ollama is running',
  ])
})

test('ollama 2: HEAD / answers without a body', async () => {
  const { http } = await serve()
  const reply = await http.head('/')
  expect([reply.status, reply.text ?? '']).toEqual([200, ''])
})

test('ollama 3: GET /api/version tells the emulated version', async () => {
  const { http } = await serve()
  const reply = await http.get('/api/version')
  expect(reply.headers['content-type']).toBe(JSON_TYPE)
  expect(Object.keys(reply.body)).toEqual(['version'])
  expect(reply.body.version).toMatch(/^\d+\.\d+\.\d+/)
})

test('ollama 4: version and tags answer HEAD', async () => {
  const { http } = await serve()
  expect((await http.head('/api/version')).status).toBe(200)
  expect((await http.head('/api/tags')).status).toBe(200)
})

test('ollama 5: a wrong method is 405 with the right ones, an unknown path 404, both in plain text', async () => {
  const { http } = await serve()
  const wrong = await http.get('/api/show')
  expect([wrong.status, wrong.headers['content-type'], wrong.headers.allow, wrong.text]).toEqual([
    405,
    'text/plain',
    'POST',
    '405 method not allowed',
  ])
  expect((await http.head('/api/ps')).status).toBe(405)
  expect((await http.put('/api/tags')).headers.allow).toBe('GET, HEAD')
  const unknown = await http.get('/api/nope')
  expect([unknown.status, unknown.headers['content-type'], unknown.text]).toEqual([
    404,
    'text/plain',
    '404 page not found',
  ])
  expect((await http.post('/api/nope').type('rubbish').send('{')).status).toBe(404)
})

test('a slash behind a known path leads to the path without it', async () => {
  const { http } = await serve()
  const tags = await http.get('/api/tags/?a=b')
  expect([tags.status, tags.headers.location]).toEqual([301, '/api/tags?a=b'])
  const show = await http.post('/api/show/').send({ model: 'tiny' })
  expect([show.status, show.headers.location]).toEqual([307, '/api/show'])
  expect((await http.get('/api/show/')).status).toBe(404)
  expect((await http.get('//evil.example/')).status).toBe(404)
})

test('ollama 6: a body labelled as a form is read as JSON', async () => {
  const { http } = await serve()
  const reply = await http
    .post('/api/generate')
    .type('application/x-www-form-urlencoded')
    .send(JSON.stringify({ model: 'tiny' }))
  expect([reply.status, reply.body.done_reason]).toEqual([200, 'load'])
})

test('a body with a label that is no media type is read as JSON', async () => {
  const { http } = await serve()
  const reply = await http
    .post('/api/generate')
    .set('content-type', 'rubbish; = ;')
    .send(JSON.stringify({ model: 'tiny' }))
  expect(reply.status).toBe(200)
})

test('ollama 7: a body without a label is read as JSON', async () => {
  const { http } = await serve()
  const reply = await http
    .post('/api/generate')
    .send(JSON.stringify({ model: 'tiny' }))
    .unset('content-type')
  expect(reply.status).toBe(200)
})

const BODY_ROUTES = [
  ['POST', '/api/generate'],
  ['POST', '/api/chat'],
  ['POST', '/api/show'],
  ['POST', '/api/create'],
  ['POST', '/api/copy'],
  ['POST', '/api/pull'],
  ['POST', '/api/push'],
  ['DELETE', '/api/delete'],
] as const

test.each(BODY_ROUTES)('ollama 8: %s %s without a body misses it', async (method, path) => {
  const { app } = await serve()
  const reply = await app.inject({ method, url: path, headers: { 'content-type': 'application/json' } })
  expect([reply.statusCode, reply.headers['content-type'], reply.body]).toEqual([
    400,
    JSON_TYPE,
    '{"error":"missing request body"}',
  ])
})

test.each(BODY_ROUTES)('ollama 9: a body of spaces on %s %s is no body', async (method, path) => {
  const { app } = await serve()
  const reply = await app.inject({ method, url: path, payload: '   ' })
  expect([reply.statusCode, reply.json()]).toEqual([400, { error: 'missing request body' }])
})

test.each([
  ['ollama 10: a truncated body', '{"model":"tiny"', 'unexpected EOF'],
  [
    'a body with a syntax error',
    '{"model":"tiny",}',
    "invalid character '}' looking for beginning of object key string",
  ],
  [
    'ollama 11: a number for the model',
    '{"model":1}',
    'json: cannot unmarshal number into Go struct field GenerateRequest.model of type string',
  ],
  ['a list for a body', '[]', 'json: cannot unmarshal array into Go value of type api.GenerateRequest'],
])('%s is refused in the words of Go', async (_name, payload, error) => {
  const { app } = await serve()
  const reply = await app.inject({ method: 'POST', url: '/api/generate', payload })
  expect([reply.statusCode, reply.json()]).toEqual([400, { error }])
})

test('ollama 12: a body of null is a request with nothing in it', async () => {
  const { app } = await serve()
  const reply = await app.inject({ method: 'POST', url: '/api/chat', payload: 'null' })
  expect([reply.statusCode, reply.json()]).toEqual([400, { error: 'model is required' }])
})

test('ollama 13: keys are found whatever their case', async () => {
  const { generate } = await serve()
  const reply = await generate({ MODEL: 'tiny' })
  expect([reply.status, reply.body.done_reason]).toEqual([200, 'load'])
})

test('ollama 14: what follows the first JSON value is ignored', async () => {
  const { app } = await serve()
  const reply = await app.inject({
    method: 'POST',
    url: '/api/generate',
    payload: '{"model":"tiny"} trailing',
  })
  expect(reply.statusCode).toBe(200)
})

test('ollama 15: null, empty text and unknown keys count as absent', async () => {
  const { generate } = await serve()
  const reply = await generate({
    model: 'tiny',
    bogus: 1,
    options: null,
    suffix: '',
    system: '',
    template: '',
    keep_alive: null,
    think: null,
    format: null,
  })
  expect([reply.status, reply.body.done_reason]).toEqual([200, 'load'])
})

test('ollama 16: account requests need no body', async () => {
  const { app } = await serve()
  const post = (url: string, payload?: string) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      payload: payload ?? '',
    })
  expect((await post('/api/me')).json()).toEqual({ error: 'unauthorized' })
  expect((await post('/api/me', '{broken')).statusCode).toBe(401)
  const signout = await post('/api/signout')
  expect([signout.statusCode, signout.json()]).toEqual([401, { error: 'you are not currently signed in' }])
})

test('ollama 17: a body of 20 MB is not too large', async () => {
  const { chat } = await serve()
  const image = Buffer.alloc(15_000_000).toString('base64')
  const reply = await chat({ model: 'nope', messages: [{ role: 'user', content: 'x', images: [image] }] })
  expect([reply.status, reply.body]).toEqual([404, { error: "model 'nope' not found" }])
})

test('ollama 18: a GET may carry a content type', async () => {
  const { http } = await serve()
  expect((await http.get('/api/tags').set('content-type', 'application/json')).status).toBe(200)
})

test('the cloud is reported as turned off', async () => {
  const { http } = await serve()
  expect((await http.get('/api/status')).body).toEqual({ cloud: { disabled: true, source: 'config' } })
})

test('a key of a client is ignored, and so is a query', async () => {
  const { http } = await serve()
  expect((await http.get('/api/tags?ts=1').set('authorization', 'Bearer x')).status).toBe(200)
})
