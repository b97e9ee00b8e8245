import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startRegistry } from '../../helpers/registry/server.ts'
import { calm, failureOf, openClient } from './client.ts'

/** A web proxy that takes every name for `target`; what it was asked for. */
async function startProxy(target: { host: string; origin: string }) {
  const asked: string[] = []
  const proxy = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const { pathname } = new URL(request.url ?? '')
    const answer = await fetch(`${target.origin}${pathname}`, { redirect: 'manual' })
    response
      .writeHead(answer.status, { location: answer.headers.get('location') ?? '' })
      .end(Buffer.from(await answer.arrayBuffer()))
  })
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`)
    const [host = '', port = ''] = target.host.split(':')
    const there = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      there.pipe(socket)
      socket.pipe(there)
    })
    socket.on('error', () => there.destroy())
    there.on('error', () => socket.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked }
}

describe('with a web proxy', () => {
  test('registries are reached through it, by their names', async () => {
    const server = await startRegistry()
    const served = server.publish('library/tiny', [])
    const proxy = await startProxy(server)
    const { registry, name } = await openClient(
      { host: 'registry.example' },
      { proxies: { http: proxy.url } },
    )
    expect((await registry.manifest(name, calm)).bytes.equals(served)).toBe(true)
    expect(proxy.asked).toEqual(['GET http://registry.example/v2/library/tiny/manifests/latest'])
  })

  test('encrypted ones through a tunnel', async () => {
    const proxy = await startProxy(await startRegistry())
    const { registries, name } = await openClient(
      { host: 'registry.example' },
      { proxies: { https: proxy.url } },
    )
    const registry = registries.open('registry.example', { insecure: false })
    // The other end of the tunnel speaks no TLS.
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({ failure: 'unreachable' })
    expect(proxy.asked).toEqual(['CONNECT registry.example:443'])
  })

  test('those that need none are reached without', async () => {
    const server = await startRegistry()
    const served = server.publish('library/tiny', [])
    const [, port] = server.host.split(':')
    const proxy = await startProxy(server)
    const { registry, name } = await openClient(
      { host: `models.example:${port}` },
      {
        proxies: { http: proxy.url, none: 'other.example,.example' },
        lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      },
    )
    expect((await registry.manifest(name, calm)).bytes.equals(served)).toBe(true)
    expect(proxy.asked).toEqual([])
  })

  test('this machine is reached without', async () => {
    const server = await startRegistry()
    server.publish('library/tiny', [])
    const proxy = await startProxy(server)
    const { registry, name } = await openClient(server, { proxies: { http: proxy.url } })
    await registry.manifest(name, calm)
    expect(proxy.asked).toEqual([])
  })

  test('a redirect to an address of the local network is refused all the same', async () => {
    const server = await startRegistry()
    server.fault({ path: /./, fault: { status: 302, headers: { location: 'http://169.254.169.254/x' } } })
    const [, port] = server.host.split(':')
    const { registry, name } = await openClient(
      { host: `models.example:${port}` },
      { proxies: { http: (await startProxy(server)).url } },
    )
    // A plain proxy follows nothing by itself.
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({ failure: 'refused' })
  })
})
