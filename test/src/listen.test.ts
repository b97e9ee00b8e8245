import http from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listen.ts'
import { StartError } from '../../src/start-error.ts'

function server() {
  const app = Fastify()
  onTestFinished(() => app.close())
  return app
}

/** Refuses to listen with this error as long as the host is this one. */
function stubborn(host: string, code: string) {
  const app = server()
  const real = app.listen.bind(app)
  app.listen = (async (options: { host: string; port: number }) => {
    if (options.host === host) throw Object.assign(new Error(code), { code })
    return real(options)
  }) as typeof app.listen
  return app
}

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
])('the URL for a server on %s is one that works on this machine', async (host, shown) => {
  const app = server()
  const url = await listen(app, { host, port: 0 })
  expect(url).toBe(`http://${shown}:${(app.server.address() as AddressInfo).port}`)
})

test('"every interface" also works without IPv6', async () => {
  const app = stubborn('::', 'EAFNOSUPPORT')
  await listen(app, { host: '::', port: 0 })
  expect((app.server.address() as AddressInfo).address).toBe('0.0.0.0')
})

test('a busy port is named together with the way out', async () => {
  const other = http.createServer()
  onTestFinished(() => void other.close())
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const listening = listen(server(), { host: '127.0.0.1', port })
  await expect(listening).rejects.toThrow(StartError)
  await expect(listening).rejects.toThrow(
    `127.0.0.1:${port} is already in use. Another Snug or Ollama may be running: stop it, or choose another ` +
      'address, for example OLLAMA_HOST=127.0.0.1:11435',
  )
})

describe('so are other reasons', () => {
  test.each([
    ['127.0.0.1', 'EACCES', '127.0.0.1:80 cannot be used without more rights'],
    ['8.8.8.8', 'EADDRNOTAVAIL', '8.8.8.8:80 is not an address of this machine'],
    ['2001:db8::1', 'EADDRNOTAVAIL', '[2001:db8::1]:80 is not an address of this machine'],
    ['nope.invalid', 'ENOTFOUND', 'nope.invalid:80 is not a name'],
  ])('%s: %s', async (host, code, message) => {
    await expect(listen(stubborn(host, code), { host, port: 80 })).rejects.toThrow(message)
  })
})

test('an error of another kind is passed on as it is', async () => {
  const listening = listen(stubborn('127.0.0.1', 'EWHATEVER'), { host: '127.0.0.1', port: 0 })
  await expect(listening).rejects.toThrow('EWHATEVER')
  await expect(listening).rejects.not.toThrow(StartError)
})
