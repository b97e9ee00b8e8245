import { expect, test } from 'vitest'
import { testApp } from '../../helpers/app.ts'
import { chatBody, post } from './hand-made.ts'

const get = async (url: string, ...models: NonNullable<Parameters<typeof testApp>[0]>['models'] & object) => {
  const { app } = await testApp({ models })
  const reply = await app.inject(url)
  return { status: reply.statusCode, body: reply.json(), headers: reply.headers, app }
}

test('openai 99: a server without models has an empty list', async () => {
  expect((await get('/v1/models')).body).toEqual({
    object: 'list',
    data: [],
    has_more: false,
    first_id: null,
    last_id: null,
  })
})

test('openai 100: models are listed newest first, in the words of both client families', async () => {
  const { body } = await get(
    '/v1/models',
    { from: 'tiny', as: 'old', modifiedAt: new Date('2026-01-02T03:04:05Z') },
    { from: 'tiny', as: 'new', modifiedAt: new Date('2026-02-03T04:05:06Z') },
  )
  expect(body).toMatchObject({ first_id: 'new:latest', last_id: 'old:latest' })
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual(['new:latest', 'old:latest'])
  expect(body.data[0]).toMatchObject({
    object: 'model',
    created: Date.UTC(2026, 1, 3, 4, 5, 6) / 1000,
    owned_by: 'library',
    type: 'model',
    display_name: 'new:latest',
    created_at: '2026-02-03T04:05:06Z',
    meta: { n_ctx_train: 8192, n_embd: 32 },
  })
})

test('a model that runs on somebody else’s machine is not listed', async () => {
  expect((await get('/v1/models', 'stub')).body.data).toEqual([])
})

test('the owner is the namespace', async () => {
  const { body } = await get('/v1/models', { from: 'tiny', as: 'ada/mine' })
  expect(body.data[0]).toMatchObject({ id: 'ada/mine:latest', owned_by: 'ada' })
})

test('the context a model asks for is its window', async () => {
  const { body } = await get('/v1/models', { from: 'tiny', parameters: { num_ctx: 100_000 } })
  expect(body.data[0]).toMatchObject({
    context_length: 8192,
    max_model_len: 8192,
    max_input_tokens: 8192,
    max_tokens: 8192,
  })
})

test('the context of a loaded model is its window', async () => {
  const { app } = await testApp({ models: ['tiny'] })
  await post(app, '/v1/chat/completions', chatBody({ num_ctx: 2048 }))
  expect((await app.inject('/v1/models')).json().data[0].context_length).toBe(2048)
})

test.each(['hf.co%2Fu%2Fr:Q4', 'hf.co/u/r:Q4'])(
  'openai 101: slashes in a name may be encoded or bare: %s',
  async (path) => {
    const { status, body } = await get(`/v1/models/${path}`, { from: 'tiny', as: 'hf.co/u/r:Q4' })
    expect(status).toBe(200)
    expect(body.id).toBe('hf.co/u/r:Q4')
  },
)

test('openai 102: a model comes back under the name it was asked by', async () => {
  expect((await get('/v1/models/tiny', 'tiny')).body).toMatchObject({
    id: 'tiny',
    object: 'model',
    display_name: 'tiny:latest',
  })
})

test('openai 102: a model that is not installed is 404 in the words of both client families', async () => {
  const { status, body, headers } = await get('/v1/models/nope', 'tiny')
  expect(status).toBe(404)
  expect(body).toEqual({
    type: 'error',
    error: {
      message: "model 'nope' not found",
      type: 'not_found_error',
      param: 'model',
      code: 'model_not_found',
    },
    request_id: headers['request-id'],
  })
})

test('openai 103: a name far too long is 404', async () => {
  expect((await get(`/v1/models/${'x'.repeat(200)}`, 'tiny')).status).toBe(404)
})

test('openai 103: models cannot be deleted here', async () => {
  const { app } = await testApp({ models: ['tiny'] })
  expect((await app.inject({ method: 'DELETE', url: '/v1/models/tiny' })).statusCode).toBe(405)
  expect((await app.inject('/v1/models/tiny')).statusCode).toBe(200)
})

test('openai 1: credentials of any kind are as good as none', async () => {
  const { app } = await testApp()
  for (const headers of [{}, { authorization: 'Bearer anything' }, { 'x-api-key': 'anything' }]) {
    expect((await app.inject({ url: '/v1/models', headers })).statusCode).toBe(200)
  }
})

test('openai 4: every reply carries its id under both names', async () => {
  const { app } = await testApp()
  for (const url of ['/v1/models', '/v1/models/nope', '/v1/nope']) {
    const { headers } = await app.inject(url)
    expect(headers['x-request-id']).toMatch(/^req_/)
    expect(headers['request-id']).toBe(headers['x-request-id'])
  }
})

test('openai 19: a foreign page may not read, and a foreign host name is refused', async () => {
  const { app } = await testApp()
  const reply = await app.inject({ url: '/v1/models', headers: { origin: 'https://evil.example' } })
  expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  const headers = { host: 'evil.example' }
  expect((await app.inject({ url: '/v1/models', headers })).statusCode).toBe(403)
})
