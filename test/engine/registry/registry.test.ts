import { describe, expect, test } from 'vitest'
import { generatedContent } from '../../helpers/registry/content.ts'
import { type RegistryOptions, startRegistry } from '../../helpers/registry/server.ts'
import { calm, failureOf, openClient, readAll } from './client.ts'

const weights = generatedContent(300_000)
const bytesOf = (start: number, end: number) => Buffer.concat([...weights.read(start, end + 1)])
const blobPath = `/v2/library/tiny/blobs/${weights.digest}`

/** A registry with one model. */
async function serve(options: RegistryOptions = {}) {
  const server = await startRegistry(options)
  const manifest = server.publish('library/tiny', [{ kind: 'model', content: weights }])
  return { server, manifest, ...(await openClient(server)) }
}

describe('manifests', () => {
  test('come byte for byte as they were sent', async () => {
    const { server, manifest, registry, name } = await serve()
    const { bytes } = await registry.manifest(name, calm)
    expect(bytes.equals(manifest)).toBe(true)
    expect(server.requests[0]).toMatchObject({
      url: '/v2/library/tiny/manifests/latest',
      headers: {
        accept: 'application/vnd.docker.distribution.manifest.v2+json',
        'accept-encoding': 'identity',
        'user-agent': 'snug/test',
      },
    })
  })

  test('come from the mirror of a registry, where there is one', async () => {
    const { server, manifest, name } = await serve()
    const { registries } = await openClient(server, {
      mirrors: new Map([['registry.example', server.origin]]),
    })
    const registry = registries.open('Registry.Example', { insecure: false })
    expect((await registry.manifest(name, calm)).bytes.equals(manifest)).toBe(true)
  })

  test('are found where redirects lead', async () => {
    const elsewhere = await startRegistry({ address: '127.0.0.2' })
    const { server, manifest, registry, name } = await serve()
    elsewhere.manifests.set('/v2/moved/tiny/manifests/latest', manifest)
    const location = `${elsewhere.origin}/v2/moved/tiny/manifests/latest`
    server.fault({ path: /manifests/, fault: { status: 302, headers: { location } } })
    expect((await registry.manifest(name, calm)).bytes.equals(manifest)).toBe(true)
  })

  test.each([
    [404, 'no', { failure: 'not_found', message: 'pull model manifest: file does not exist' }],
    [403, 'go away', { failure: 'status', message: 'pull model manifest: 403: go away' }],
    [500, '', { failure: 'status', message: 'pull model manifest: 500: ' }],
    [
      400,
      '{"error":"x"}',
      { failure: 'status', message: 'pull model manifest: 400: {"error":"x"}', status: 400 },
    ],
  ])('status %i is told in the words of Ollama', async (status, body, expected) => {
    const { server, registry, name } = await serve()
    server.fault({ path: /manifests/, fault: { status, body } })
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      code: 'registry_failed',
      ...expected,
    })
  })

  test('a registry that is not there is told apart', async () => {
    const { registry, name } = await openClient({ host: '127.0.0.1:1' })
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      failure: 'unreachable',
      message:
        'pull model manifest: Get "http://127.0.0.1:1/v2/library/tiny/manifests/latest": ' +
        'dial tcp 127.0.0.1:1: connect: connection refused',
    })
  })

  test('a name that nobody has is told apart', async () => {
    const lookup = (_: string, __: unknown, done: (error: NodeJS.ErrnoException, found: []) => void) =>
      done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), [])
    const { registry, name } = await openClient({ host: 'nowhere.example' }, { lookup })
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('dial tcp: lookup nowhere.example: no such host'),
    })
  })

  test('a host that is no address is refused', async () => {
    const { registries } = await openClient({ host: '127.0.0.1:1' })
    expect(() => registries.open('a:b', { insecure: false })).toThrow('"a:b" is no address of a registry')
  })

  test('a registry that falls silent is given up', async () => {
    const { server, name } = await serve()
    const { registry } = await openClient(server, { stallTimeoutMs: 100 })
    server.fault({
      path: /manifests/,
      fault: { answer: (_, response) => void response.writeHead(200).write('{') },
    })
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({ failure: 'timeout' })
    server.clearFaults()
    server.fault({ path: /manifests/, fault: { answer: () => {} } })
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({ failure: 'timeout' })
  })

  test('a caller that gives up is obeyed at once', async () => {
    const { server, registry, name } = await serve()
    const caller = new AbortController()
    server.fault({ path: /manifests/, fault: { answer: () => caller.abort() } })
    expect(await failureOf(registry.manifest(name, caller.signal))).toMatchObject({ name: 'AbortError' })
  })
})

describe('blobs', () => {
  test('are read by many at the same time, for one caller, without a warning', async () => {
    const { registry, name } = await serve()
    const blob = await registry.blob(name, weights, calm)
    const warnings: string[] = []
    const onWarning = ({ message }: Error) => void warnings.push(message)
    process.on('warning', onWarning)
    const caller = new AbortController()
    const parts = Array.from({ length: 16 }, (_, n) => ({ start: n * 1000, end: n * 1000 + 999 }))
    const read = await Promise.all(parts.map((part) => readAll(blob.read(part, caller.signal))))
    process.off('warning', onWarning)
    expect(Buffer.concat(read).equals(bytesOf(0, 15_999))).toBe(true)
    expect(warnings).toEqual([])
  })

  test('are read in parts from the registry itself', async () => {
    const { registry, name } = await serve()
    const blob = await registry.blob(name, weights, calm)
    expect(blob).toMatchObject({ digest: weights.digest, size: 300_000 })
    const bytes = await readAll(blob.read({ start: 1000, end: 250_000 }, calm))
    expect(bytes.equals(bytesOf(1000, 250_000))).toBe(true)
  })

  test.each([301, 302, 303, 307, 308])('are read from where status %i leads', async (status) => {
    const cdn = await startRegistry({ address: '127.0.0.2' })
    const { server, registry, name } = await serve({ redirectBlobs: { to: cdn.origin, status } })
    cdn.blobs.set(weights.digest, weights)
    const blob = await registry.blob(name, weights, calm)
    expect((await readAll(blob.read({ start: 5, end: 9 }, calm))).equals(bytesOf(5, 9))).toBe(true)
    expect(cdn.requests.map(({ headers }) => headers.range)).toEqual(['bytes=5-9'])
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })

  test('are read from where a plain answer says they are', async () => {
    const cdn = await startRegistry({ address: '127.0.0.2' })
    const { registry, name } = await serve({ redirectBlobs: { to: cdn.origin, asHeaderOnly: true } })
    cdn.blobs.set(weights.digest, weights)
    const blob = await registry.blob(name, weights, calm)
    expect((await readAll(blob.read({ start: 0, end: 9 }, calm))).equals(bytesOf(0, 9))).toBe(true)
  })

  test('are located anew when a signed address has expired', async () => {
    const cdn = await startRegistry({ address: '127.0.0.2' })
    const { server, registry, name } = await serve({ redirectBlobs: { to: cdn.origin } })
    cdn.blobs.set(weights.digest, weights)
    const blob = await registry.blob(name, weights, calm)
    cdn.fault({ path: /^\/blob\//, times: 1, fault: { status: 403, body: 'Request has expired' } })
    expect((await readAll(blob.read({ start: 0, end: 9 }, calm))).equals(bytesOf(0, 9))).toBe(true)
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'GET'])
  })

  test('a size that differs from the manifest is an error before anything is read', async () => {
    const { server, registry, name } = await serve()
    server.fault({ method: 'HEAD', path: blobPath, fault: { contentLength: 299_999 } })
    expect(await failureOf(registry.blob(name, weights, calm))).toMatchObject({
      failure: 'malformed',
      message: expect.stringContaining('has 299999 bytes'),
    })
  })

  test('a registry that does not know HEAD is believed', async () => {
    const { server, registry, name } = await serve()
    server.fault({ method: 'HEAD', path: blobPath, fault: { status: 405 } })
    const blob = await registry.blob(name, weights, calm)
    expect(await readAll(blob.read({ start: 0, end: 9 }, calm))).toHaveLength(10)
  })

  test('a registry that ignores the range gives the beginning and never other bytes', async () => {
    const { server, registry, name } = await serve()
    server.fault({ path: blobPath, fault: { ignoreRange: true } })
    const blob = await registry.blob(name, weights, calm)
    expect((await readAll(blob.read({ start: 0, end: 99 }, calm))).equals(bytesOf(0, 99))).toBe(true)
    expect(await failureOf(blob.read({ start: 100, end: 199 }, calm))).toMatchObject({ failure: 'malformed' })
  })

  test.each([
    'bytes 0-99/300000',
    'bytes 100-198/300000',
    'bytes 100-199/300001',
    'bytes */300000',
    'octets',
    '',
  ])('a part that is said to be "%s" is refused', async (contentRange) => {
    const { server, registry, name } = await serve()
    const blob = await registry.blob(name, weights, calm)
    server.fault({ path: blobPath, fault: { contentRange } })
    expect(await failureOf(blob.read({ start: 100, end: 199 }, calm))).toMatchObject({ failure: 'malformed' })
  })

  test('what came before a connection broke is given before the error', async () => {
    const { server, registry, name } = await serve()
    const blob = await registry.blob(name, weights, calm)
    server.fault({ path: blobPath, fault: { cutAfter: 150_000 } })
    const got: Uint8Array[] = []
    const reading = (async () => {
      for await (const chunk of blob.read({ start: 0, end: 299_999 }, calm)) got.push(chunk)
    })()
    expect(await failureOf(reading)).toMatchObject({ failure: 'unreachable' })
    expect(Buffer.concat(got).equals(bytesOf(0, 149_999))).toBe(true)
  })

  test('a part that stands still is given up', async () => {
    const { server, name } = await serve()
    const { registry } = await openClient(server, { stallTimeoutMs: 100 })
    const blob = await registry.blob(name, weights, calm)
    server.fault({ path: blobPath, fault: { stallAfter: 10 } })
    expect(await failureOf(blob.read({ start: 0, end: 99 }, calm))).toMatchObject({ failure: 'timeout' })
  })
})
