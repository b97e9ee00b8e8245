import { describe, expect, test } from 'vitest'
import { parseOrigins } from '../../../config/origins.ts'
import { testApp } from '../test-app.ts'

/** What GET /api/tags answers to a page of this origin. */
async function tagsFor(origin: string, origins = '') {
  const app = await testApp({ origins: parseOrigins(origins) })
  return app.inject({ url: '/api/tags', headers: { origin } })
}

test('ollama 19: a page on this machine may use the server, on any port', async () => {
  const reply = await tagsFor('http://localhost:3000')
  expect(reply.statusCode).toBe(200)
  expect(reply.headers['access-control-allow-origin']).toBe('http://localhost:3000')
  expect(reply.headers.vary).toContain('Origin')
  expect(reply.headers['access-control-allow-credentials']).toBeUndefined()
})

test('pages may read the headers that client libraries look at', async () => {
  const reply = await tagsFor('http://localhost:3000')
  expect(reply.headers['access-control-expose-headers']).toBe(
    'x-request-id,request-id,retry-after,x-snug-queue-position',
  )
})

describe('ollama 20: a page from elsewhere gets 403 and nothing else', () => {
  test.each(['GET', 'POST', 'OPTIONS', 'DELETE'] as const)('%s', async (method) => {
    const app = await testApp()
    const reply = await app.inject({ method, url: '/api/chat', headers: { origin: 'http://evil.example' } })
    expect(reply.statusCode).toBe(403)
    expect(reply.body).toBe('')
    expect(reply.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('on paths that do not exist, too', async () => {
    const app = await testApp()
    const reply = await app.inject({ url: '/nope', headers: { origin: 'http://evil.example' } })
    expect(reply.statusCode).toBe(403)
  })
})

test('ollama 21: a preflight request from a local page is answered with what is allowed', async () => {
  const app = await testApp()
  const reply = await app.inject({
    method: 'OPTIONS',
    url: '/api/chat',
    headers: { origin: 'http://127.0.0.1:5173', 'access-control-request-method': 'POST' },
  })
  expect(reply.statusCode).toBe(204)
  expect(reply.headers['access-control-allow-origin']).toBe('http://127.0.0.1:5173')
  expect(reply.headers['access-control-allow-methods']).toBe('GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS')
  expect(reply.headers['access-control-allow-headers']).toBe(
    'Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,' +
      'X-Stainless-Async,X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,' +
      'X-Stainless-Os,X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,' +
      'X-Stainless-Runtime,X-Stainless-Runtime-Version,X-Stainless-Timeout',
  )
  expect(reply.headers['access-control-max-age']).toBe('43200')
})

test('ollama 22: OLLAMA_ORIGINS lets one more page in, and only that one', async () => {
  const allowed = await tagsFor('http://10.0.0.1', 'http://10.0.0.1')
  expect(allowed.statusCode).toBe(200)
  expect(allowed.headers['access-control-allow-origin']).toBe('http://10.0.0.1')
  expect((await tagsFor('http://10.0.0.2', 'http://10.0.0.1')).statusCode).toBe(403)
})

test('ollama 23: OLLAMA_ORIGINS=* lets every page in', async () => {
  const reply = await tagsFor('http://evil.example', '*')
  expect(reply.statusCode).toBe(200)
  expect(reply.headers['access-control-allow-origin']).toBe('*')
  expect(reply.headers.vary).toBeUndefined()
})

test.each([
  ['app://obsidian.md', 200],
  ['vscode-webview://abc', 200],
  ['chrome-extension://abc', 403],
])(
  'ollama 24: desktop applications may, browser extensions must be listed: %s gets %d',
  async (origin, status) => {
    expect((await tagsFor(origin)).statusCode).toBe(status)
  },
)

test.each(['http', 'https'])(
  'ollama 25: a page that this server delivered itself is no other origin: %s',
  async (scheme) => {
    const app = await testApp({ host: '0.0.0.0' })
    const headers = { host: 'box.example:11434', origin: `${scheme}://box.example:11434` }
    const reply = await app.inject({ url: '/api/tags', headers })
    expect(reply.statusCode).toBe(200)
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
    expect(reply.headers).not.toHaveProperty('vary')
  },
)

describe('ollama 26: a server on loopback refuses names that others could point at it', () => {
  test.each([
    ['evil.example', 403],
    ['evil.example:11434', 403],
    ['localhost:11434', 200],
    ['foo.local', 200],
    ['192.168.1.5:11434', 200],
    ['[::1]:11434', 200],
  ])('%s gets %d', async (host, status) => {
    const app = await testApp({ host: '127.0.0.1' })
    const reply = await app.inject({ url: '/api/tags', headers: { host } })
    expect(reply.statusCode).toBe(status)
    if (status === 403) expect(reply.body).toBe('')
  })

  test('on paths that do not exist, too', async () => {
    const app = await testApp({ host: 'localhost' })
    expect((await app.inject({ url: '/nope', headers: { host: 'evil.example' } })).statusCode).toBe(403)
  })

  test('OPTIONS is answered when the name is trusted', async () => {
    const app = await testApp({ host: '127.0.0.1' })
    const options = (host: string) =>
      app.inject({ method: 'OPTIONS', url: '/api/chat', headers: { host } }).then((reply) => reply.statusCode)
    expect(await options('localhost')).toBe(204)
    expect(await options('127.0.0.1')).toBe(405)
  })

  test('what counts is the address that was bound, not the name for it', async () => {
    const app = await testApp({ host: '0.0.0.0' })
    await app.listen({ host: '127.0.0.1', port: 0 })
    expect((await app.inject({ url: '/api/tags', headers: { host: 'evil.example' } })).statusCode).toBe(403)
  })
})

test.each(['0.0.0.0', '::', '192.168.1.5', 'box.example'])(
  'ollama 27: a server on %s takes any Host',
  async (host) => {
    const app = await testApp({ host })
    const reply = await app.inject({ url: '/api/tags', headers: { host: 'evil.example' } })
    expect(reply.statusCode).toBe(200)
  },
)

test('openai 18: a page may send every header that it asks for, on paths that do not exist yet as well', async () => {
  const asked = 'x-api-key,anthropic-version,anthropic-dangerous-direct-browser-access'
  const app = await testApp()
  const reply = await app.inject({
    method: 'OPTIONS',
    url: '/v1/messages',
    headers: { origin: 'http://localhost:3000', 'access-control-request-headers': asked },
  })
  expect(reply.statusCode).toBe(204)
  const allowed = String(reply.headers['access-control-allow-headers']).split(',')
  expect(allowed).toEqual(expect.arrayContaining(asked.split(',')))
})

test('openai 19: a foreign page gets no permission, and a foreign Host gets 403', async () => {
  const app = await testApp()
  const page = await app.inject({ url: '/v1/models', headers: { origin: 'https://evil.example' } })
  expect(page.headers['access-control-allow-origin']).toBeUndefined()
  const rebound = await app.inject({ url: '/v1/models', headers: { host: 'evil.example' } })
  expect(rebound.statusCode).toBe(403)
})
