import { expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { pulseWithin } from '../../../engine/health/pulse.ts'
import { testApp } from '../../helpers/app.ts'
import { serve } from '../ollama/serve.ts'

test.each(['/livez', '/readyz', '/healthz'])(
  '%s answers 200, to HEAD as well, and is not cached',
  async (url) => {
    const { app } = await testApp({ models: [] })
    const reply = await app.inject(url)
    expect([reply.statusCode, reply.json().status]).toEqual([200, 'ok'])
    expect(reply.headers['cache-control']).toBe('no-store')
    const head = await app.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.body]).toEqual([200, ''])
  },
)

test('/readyz says what the scheduler sees', async () => {
  const { app, generate } = await serve()
  await generate({ model: 'tiny', prompt: 'a' })
  expect((await app.inject('/readyz')).json()).toEqual({ status: 'ok', loaded: 1, loading: 0, waiting: 0 })
})

test.each(['/readyz', '/healthz', '/healthz?deep=1'])(
  '%s is 503 with the reason when the scheduler does not answer, and /livez is not',
  async (url) => {
    const { app, engine } = await testApp({ models: [] })
    engine.pulse = (ms) => pulseWithin({ pulse: () => new Promise(() => {}) }, Math.min(ms, 20))
    const reply = await app.inject(url)
    expect([reply.statusCode, reply.json()]).toEqual([
      503,
      { status: 'unavailable', reason: 'the scheduler has not answered within 20 ms' },
    ])
    expect((await app.inject({ method: 'HEAD', url })).statusCode).toBe(503)
    expect((await app.inject('/livez')).statusCode).toBe(200)
  },
)

test('/readyz is 503 when the scheduler is broken', async () => {
  const { app, engine } = await testApp({ models: [] })
  engine.pulse = async () => {
    throw new TypeError('x is not a function')
  }
  const reply = await app.inject('/readyz')
  expect([reply.statusCode, reply.json()]).toEqual([
    503,
    { status: 'unavailable', reason: 'internal server error' },
  ])
})

test('a deep check asks every loaded model for a token, loads none and leaves their time alone', async () => {
  const { app, generate, backend, ps } = await serve({ models: ['tiny', 'msg', 'jinja'] })
  for (const model of ['tiny', 'msg']) await generate({ model, prompt: 'a', keep_alive: '1h' })
  const before = await ps()
  const asked = backend.requests.length
  const reply = await app.inject('/healthz?deep=1')
  expect(reply.statusCode).toBe(200)
  expect(reply.json()).toMatchObject({
    status: 'ok',
    loaded: 2,
    models: [
      { model: 'tiny:latest', result: 'token', ms: expect.any(Number) },
      { model: 'msg:latest', result: 'token', ms: expect.any(Number) },
    ],
  })
  expect(backend.requests.slice(asked).map(({ maxTokens }) => maxTokens)).toEqual([1, 1])
  expect(backend.plans).toHaveLength(2)
  const times = (models: { expires_at: string }[]) => models.map(({ expires_at }) => expires_at)
  expect(times(await ps())).toEqual(times(before))
})

test('a deep check is 503 when one model fails, and says which and why', async () => {
  const answers = [
    { steps: ['fine'] },
    { steps: ['fine'] },
    { steps: [{ fail: new EngineError('runner_died', 'llama_decode failed with code -3') }] },
    { steps: ['fine'] },
  ]
  const { app, generate } = await serve({ models: ['tiny', 'msg'], script: { answers } })
  for (const model of ['tiny', 'msg']) await generate({ model, prompt: 'a' })
  const reply = await app.inject('/healthz?deep=1')
  expect(reply.statusCode).toBe(503)
  expect(reply.json()).toMatchObject({
    status: 'unavailable',
    reason: '1 of 2 models gave no token',
    models: [
      { model: 'tiny:latest', result: 'failed', reason: 'llama_decode failed with code -3' },
      { model: 'msg:latest', result: 'token' },
    ],
  })
})

test('a deep check of a model that stands still ends when its time is over', async () => {
  const answers = [{ steps: ['fine'] }, { steps: [{ waitMs: 60_000 }] }]
  const { app, generate } = await serve({ script: { answers } })
  await generate({ model: 'tiny', prompt: 'a' })
  const reply = await app.inject('/healthz?deep=1&budget_ms=30')
  expect(reply.statusCode).toBe(503)
  expect(reply.json().models).toMatchObject([{ result: 'failed', reason: 'no token within 30 ms' }])
})

test('a deep check with nothing loaded is well', async () => {
  const { app } = await testApp({ models: [] })
  expect((await app.inject('/healthz?deep=true')).json()).toEqual({
    status: 'ok',
    loaded: 0,
    loading: 0,
    waiting: 0,
    models: [],
  })
})

test.each(['deep=2', 'deep=1&budget_ms=0', 'deep=1&budget_ms=60001', 'deep=1&budget_ms=x'])(
  '/healthz?%s is refused',
  async (query) => {
    const { app } = await testApp({ models: [] })
    expect((await app.inject(`/healthz?${query}`)).statusCode).toBe(400)
  },
)

test('a server that still finishes what it began is not ready any more', async () => {
  const { app, engine, url } = await testApp({ models: [] })
  const address = await url()
  let release = () => {}
  const asked = new Promise<void>((isAsked) => {
    engine.pulse = () => {
      isAsked()
      return new Promise((resolve) => {
        release = () => resolve({ loaded: 0, loading: 0, waiting: 0 })
      })
    }
  })
  const slow = fetch(`${address}/readyz`)
  await asked
  const closing = app.close()
  await expect.poll(() => app.stopping.aborted).toBe(true)
  const late = await fetch(`${address}/readyz`)
  const reason = 'server is shutting down'
  expect([late.status, await late.json()]).toEqual([503, { status: 'unavailable', reason }])
  expect(late.headers.get('cache-control')).toBe('no-store')
  const refused = await Promise.all(['/api/tags', '/v1/models'].map((path) => fetch(`${address}${path}`)))
  expect(refused.map(({ status }) => status)).toEqual([503, 503])
  expect(await refused[0]?.json()).toEqual({ error: reason })
  expect(await refused[1]?.json()).toMatchObject({ error: { message: reason, type: 'api_error' } })
  release()
  expect((await slow).status).toBe(200)
  await closing
})

test('an engine that was closed says so', async () => {
  const { engine } = await testApp({ models: [] })
  await engine.close()
  await expect(engine.pulse(1000)).rejects.toThrow('server is shutting down')
})
