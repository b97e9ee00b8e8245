import { expect, test } from 'vitest'
import { openSocket } from '../../helpers/socket.ts'
import { lines, serve, user } from './serve.ts'

test('ollama 161: only options that belong to loading load a model again', async () => {
  const { generate, backend } = await serve()
  const ask = (options: object) => generate({ model: 'tiny', prompt: 'a', options })
  await ask({})
  await ask({ temperature: 0.1 })
  await ask({ num_gpu: -1 })
  expect(backend.plans).toHaveLength(1)
  await ask({ num_ctx: 8000 })
  await ask({ num_ctx: 8000 })
  await ask({ num_ctx: 1000 })
  expect(backend.plans.map((plan) => plan.contextLength)).toEqual([4096, 8000])
  expect(backend.requests.map((request) => request.contextLimit)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    1000,
  ])
})

test('ollama 162: a context longer than the model was trained on is the same context twice', async () => {
  const { generate, backend, ps } = await serve()
  for (const num_ctx of [1_000_000, 1_000_000, 2_000_000]) {
    await generate({ model: 'tiny', prompt: 'a', options: { num_ctx } })
  }
  expect(backend.plans).toHaveLength(1)
  expect((await ps())[0].context_length).toBe(8192)
})

test('ollama 166: a model is loaded with as many places as requests may run at once, each with a whole context', async () => {
  const { generate, backend, url } = await serve({
    settings: { parallel: 2 },
    script: { answers: [{ steps: [{ waitMs: 60_000 }] }] },
  })
  const [one, two] = [await openSocket(await url()), await openSocket(await url())]
  for (const socket of [one, two]) socket.post('/api/generate', { model: 'tiny', prompt: 'a' })
  await expect.poll(() => backend.requests.length).toBe(2)
  expect(backend.plans).toMatchObject([{ slots: 2, contextLength: 4096 }])
  expect((await generate({ model: 'tiny' })).status).toBe(200)
  for (const socket of [one, two]) socket.hangUp()
  await expect.poll(() => backend.endings).toEqual(['aborted', 'aborted'])
})

test('ollama 172: what the command line sends is understood', async () => {
  const { http, show, generate, ps } = await serve({ models: ['tiny', 'msg'] })
  expect((await http.head('/')).status).toBe(200)
  expect((await show({ model: 'tiny', system: '', template: '', options: null })).status).toBe(200)
  const hello = { suffix: '', system: '', template: '', format: '', options: {}, keep_alive: null }
  const run = await generate({ model: 'tiny', prompt: 'hi', stream: null, ...hello })
  expect(lines(run).at(-1).done).toBe(true)
  const [loaded] = await ps()
  expect(loaded.digest.slice(0, 12)).toMatch(/^[0-9a-f]{12}$/)
  const stop = await http.post('/api/generate').send({ model: 'tiny', keep_alive: '0s' })
  expect(stop.body.done_reason).toBe('unload')
  await expect.poll(ps).toEqual([])
  expect((await show({ name: 'nope' })).body.error).toContain('not found')
  expect((await http.delete('/api/delete').send({ model: '', name: 'tiny' })).status).toBe(200)
})

test('ollama 175: what Open WebUI sends is understood', async () => {
  const { http, chat, ps } = await serve({ models: ['msg'] })
  for (const path of ['/api/version', '/api/tags', '/api/ps']) {
    expect((await http.get(path)).status).toBe(200)
  }
  const stream = await chat({ model: 'msg:latest', messages: [user('Hi')], stream: true, options: {} })
  expect(lines(stream).at(-1).done).toBe(true)
  const unload = await http.post('/api/generate').send({ model: 'msg', prompt: '', keep_alive: 0 })
  expect(unload.body.done_reason).toBe('unload')
  await expect.poll(ps).toEqual([])
})
