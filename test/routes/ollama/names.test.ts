import { describe, expect, test } from 'vitest'
import { serve } from './serve.ts'

test('ollama 28: a request without a model says so, each endpoint in its own words', async () => {
  const { generate, chat } = await serve()
  const generated = await generate({})
  expect([generated.status, generated.body]).toEqual([404, { error: "model '' not found" }])
  const chatted = await chat({})
  expect([chatted.status, chatted.body]).toEqual([400, { error: 'model is required' }])
})

test.each([['generate'], ['chat'], ['show']] as const)(
  'ollama 29: %s refuses what is no model name',
  async (endpoint) => {
    const server = await serve()
    const reply = await server[endpoint]({ model: '^' })
    expect([reply.status, reply.body]).toEqual([400, { error: 'invalid model name' }])
  },
)

test.each([['generate'], ['chat']] as const)(
  'ollama 30: %s names a model that is not installed as it was asked for',
  async (endpoint) => {
    const server = await serve()
    const reply = await server[endpoint]({ model: 'nope' })
    expect([reply.status, reply.body]).toEqual([404, { error: "model 'nope' not found" }])
  },
)

test('ollama 31: show names a model that is not installed with its tag', async () => {
  const { show } = await serve()
  const reply = await show({ model: 'nope' })
  expect([reply.status, reply.body]).toEqual([404, { error: "model 'nope:latest' not found" }])
})

test('ollama 33: a name in another case finds the model and comes back as it was sent', async () => {
  const { generate } = await serve()
  const reply = await generate({ model: 'TINY' })
  expect([reply.status, reply.body.model]).toEqual([200, 'TINY'])
})

describe('ollama 34: suffixes of names', () => {
  test('ollama 34: a local model may be asked for as local', async () => {
    const { generate } = await serve()
    expect((await generate({ model: 'tiny:local' })).status).toBe(200)
    const missing = await generate({ model: 'nope:local' })
    expect(missing.body).toEqual({ error: "model 'nope:local' not found" })
  })

  test.each([['generate'], ['chat'], ['show']] as const)('%s refuses two suffixes', async (endpoint) => {
    const server = await serve()
    const reply = await server[endpoint]({ model: 'foo:cloud:local' })
    expect([reply.status, reply.body]).toEqual([
      400,
      { error: 'use either :local or :cloud, not both: "foo:cloud:local"' },
    ])
  })
})

test('ollama 35: cloud models are refused as with the cloud turned off', async () => {
  const { generate, chat, show } = await serve()
  const model = 'gpt-oss:20b-cloud'
  for (const reply of [await chat({ model }), await generate({ model, prompt: 'x' })]) {
    expect([reply.status, reply.body]).toEqual([
      403,
      { error: 'ollama cloud is disabled: remote model is unavailable' },
    ])
  }
  const shown = await show({ model })
  expect([shown.status, shown.body]).toEqual([
    403,
    { error: 'ollama cloud is disabled: remote model details are unavailable' },
  ])
})

test('a bad name is refused before its cloud suffix is looked at', async () => {
  const { chat } = await serve()
  expect((await chat({ model: '^:cloud' })).body).toEqual({ error: 'invalid model name' })
})

describe('a stub of a remote model', () => {
  const options = { models: ['stub'] as const }

  test('cannot be run here', async () => {
    const { generate, chat } = await serve({ models: [...options.models] })
    for (const ask of [generate, chat]) {
      const reply = await ask({ model: 'stub' })
      expect([reply.status, reply.body]).toEqual([
        403,
        { error: 'ollama cloud is disabled: remote model is unavailable' },
      ])
    }
  })

  test('is not found when a local model is asked for', async () => {
    const { generate, show } = await serve({ models: [...options.models] })
    const generated = await generate({ model: 'stub:local', prompt: 'x' })
    expect([generated.status, generated.body]).toEqual([404, { error: "model 'stub:local' not found" }])
    const shown = await show({ model: 'stub:local' })
    expect([shown.status, shown.body]).toEqual([404, { error: "model 'stub:latest' not found" }])
  })

  test('shows where it really runs', async () => {
    const { show, http } = await serve({ models: [...options.models] })
    const remote = { remote_model: 'gpt-oss:20b', remote_host: 'https://ollama.com:443' }
    expect((await show({ model: 'stub' })).body).toMatchObject({ ...remote, model_info: {} })
    expect((await http.get('/api/tags')).body.models[0]).toMatchObject(remote)
  })

  test('can be unloaded in chat, as Ollama checks that first', async () => {
    const { chat } = await serve({ models: [...options.models] })
    expect((await chat({ model: 'stub', keep_alive: 0 })).body.done_reason).toBe('unload')
  })
})
