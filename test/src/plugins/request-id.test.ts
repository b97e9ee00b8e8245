import { expect, test } from 'vitest'
import { testApp } from '../test-app.ts'

test.each([
  ['GET', '/', 200, {}],
  ['GET', '/v1/models', 200, {}],
  ['GET', '/nope', 404, {}],
  ['GET', '/v1/nope', 404, {}],
  ['PUT', '/api/chat', 405, {}],
  ['POST', '/v1/chat/completions', 400, {}],
  ['GET', '/api/tags/', 301, {}],
  ['GET', '/api/tags', 403, { origin: 'http://evil.example' }],
  ['GET', '/api/tags', 403, { host: 'evil.example' }],
  ['GET', '/v1/models/%zz', 400, {}],
] as const)(
  'openai 4: %s %s (%d) carries its request id under both names',
  async (method, url, status, headers) => {
    const app = await testApp()
    const reply = await app.inject({ method, url, headers })
    expect(reply.statusCode).toBe(status)
    expect(reply.headers['x-request-id']).toMatch(/^req_[0-9a-f]{24}$/)
    expect(reply.headers['request-id']).toBe(reply.headers['x-request-id'])
  },
)

test('two requests have two ids', async () => {
  const app = await testApp()
  const [a, b] = await Promise.all([app.inject('/'), app.inject('/')])
  expect(a.headers['request-id']).not.toBe(b.headers['request-id'])
})
