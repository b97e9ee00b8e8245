import { describe, expect, test } from 'vitest'
import { type TestAppOptions, testApp } from '../../helpers/app.ts'
import { generatedContent } from '../../helpers/registry/content.ts'
import { type RegistryOptions, startRegistry, type TestRegistry } from '../../helpers/registry/server.ts'

/** Parts of 100 kB, so that a small model has several. */
const SMALL_PARTS = {
  parts: 64,
  minPartBytes: 100_000,
  maxPartBytes: 1_000_000,
  tries: 3,
  firstDelayMs: 1,
  lanes: 2,
}

/** A server with one model that belongs to the registry, whose weights have 350 kB. */
async function serve(options: RegistryOptions = {}, app: TestAppOptions = {}) {
  const registry = await startRegistry(options)
  const server = await testApp({ models: ['tiny'], registry: { uploads: SMALL_PARTS, ...app.registry } })
  const model = `${registry.host}/me/mine:v1`
  const weights = await server.store.putBlob(generatedContent(350_000).read(0, 350_000))
  const config = await server.store.putBlob([Buffer.from('{"model_format":"gguf"}\n')])
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.ollama.image.model', ...weights, from: 'base/thing:latest' }],
    }),
  )
  await server.store.install({ host: registry.host, namespace: 'me', model: 'mine', tag: 'v1' }, manifest)
  const push = async (body: object) => {
    const reply = await server.app.inject({ method: 'POST', url: '/api/push', payload: body })
    return { status: reply.statusCode, type: reply.headers['content-type'], lines: jsonLines(reply.body) }
  }
  return { registry, server, model, weights, config, manifest, push }
}

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const sent = (registry: TestRegistry, method: string) =>
  registry.requests.filter((one) => one.method === method)

describe('ollama 159: pushing a model', () => {
  test('without a name is refused', async () => {
    const { push } = await serve()
    expect(await push({})).toMatchObject({ status: 400, lines: [{ error: 'model is required' }] })
  })

  test('sends what the registry lacks in parts, then the manifest, and reports it', async () => {
    const { registry, model, weights, config, manifest, push } = await serve()
    const { status, type, lines } = await push({ model, insecure: true })
    expect(status).toBe(200)
    expect(type).toBe('application/x-ndjson')
    const texts = lines.map((line) => line.status)
    expect(texts[0]).toBe('retrieving manifest')
    expect(texts.slice(-2)).toEqual(['pushing manifest', 'success'])
    expect(lines).toContainEqual({
      status: `pushing ${weights.digest.slice(7, 19)}`,
      digest: weights.digest,
      total: weights.size,
      completed: weights.size,
    })
    expect(sent(registry, 'HEAD').map(({ url }) => url)).toEqual([
      `/v2/me/mine/blobs/${weights.digest}`,
      `/v2/me/mine/blobs/${config.digest}`,
    ])
    const parts = sent(registry, 'PATCH').map(({ headers }) => headers)
    expect(parts.map((headers) => headers['content-range'])).toEqual([
      '0-99999',
      '100000-199999',
      '200000-299999',
      '300000-349999',
      '0-23',
    ])
    expect(parts[3]).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '50000',
      'x-redirect-uploads': '1',
    })
    const [first] = sent(registry, 'PUT')
    expect(new URL(first?.url ?? '', registry.origin).searchParams.get('digest')).toBe(weights.digest)
    expect(registry.blobs.get(weights.digest)?.size).toBe(weights.size)
    expect(registry.manifests.get('/v2/me/mine/manifests/v1')?.equals(manifest)).toBe(true)
    expect(sent(registry, 'PUT').at(-1)?.headers['content-type']).toBe(
      'application/vnd.docker.distribution.manifest.v2+json',
    )
  })

  test('asks for a mount from the model a layer was made of', async () => {
    const { registry, model, weights, push } = await serve()
    await push({ model, insecure: true })
    const query = new URL(sent(registry, 'POST')[0]?.url ?? '', registry.origin).searchParams
    expect(Object.fromEntries(query)).toEqual({ mount: weights.digest, from: 'base/thing' })
  })

  test('in one object, without a stream, is a success', async () => {
    const { model, push } = await serve()
    const reply = await push({ name: model, insecure: true, stream: false })
    expect(reply).toMatchObject({ status: 200, lines: [{ status: 'success' }] })
    expect(reply.type).toContain('application/json')
  })

  test('sends nothing that the registry has', async () => {
    const { registry, model, weights, push } = await serve()
    registry.blobs.set(weights.digest, generatedContent(350_000))
    const { lines } = await push({ model, insecure: true })
    expect(lines.filter(({ digest }) => digest === weights.digest)).toEqual([
      expect.objectContaining({ completed: weights.size, total: weights.size }),
    ])
    expect(sent(registry, 'PATCH')).toHaveLength(1)
  })
})

test('ollama 160: a layer that the registry takes from another of its models is not sent', async () => {
  const weights = generatedContent(350_000)
  const { registry, model, push } = await serve({ mountable: [weights.digest] })
  const { lines } = await push({ model, insecure: true })
  expect(lines.at(-1)).toEqual({ status: 'success' })
  expect(sent(registry, 'PATCH').map(({ headers }) => headers['content-range'])).toEqual(['0-23'])
})

describe('pushing to a registry that has parts taken by another server', () => {
  test('brings them there, without a token', async () => {
    const storage = await startRegistry({ address: '127.0.0.2' })
    const { registry, model, weights, push } = await serve({
      auth: { scope: 'pull push' },
      redirectTo: storage.origin,
    })
    storage.fault({ path: /^\/part\//, fault: { answer: registry.takePart } })
    const { lines } = await push({ model, insecure: true })
    expect(lines.at(-1)).toEqual({ status: 'success' })
    expect(registry.blobs.get(weights.digest)?.size).toBe(weights.size)
    expect(storage.requests).toHaveLength(5)
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual(Array(5).fill(undefined))
    expect(sent(registry, 'PATCH')[0]?.headers.authorization).toMatch(/^Bearer /)
  })

  test('goes on when the registry sends it away before it has read the part', async () => {
    const size = 20_000_000
    const storage = await startRegistry({ address: '127.0.0.2' })
    const { registry, server, push } = await serve(
      { redirectTo: storage.origin, redirectsEarly: true },
      { registry: { uploads: { ...SMALL_PARTS, minPartBytes: size, maxPartBytes: size } } },
    )
    storage.fault({ path: /^\/part\//, fault: { answer: registry.takePart } })
    const weights = await server.store.putBlob(generatedContent(size).read(0, size))
    await server.store.install(
      { host: registry.host, namespace: 'me', model: 'big', tag: 'v1' },
      Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [{ mediaType: 'x', ...weights }] })),
    )
    const { lines } = await push({ model: `${registry.host}/me/big:v1`, insecure: true })
    expect(lines.at(-1)).toEqual({ status: 'success' })
    expect(registry.blobs.get(weights.digest)?.size).toBe(size)
  })
})

describe('a push that fails says why in the last line', () => {
  test.each([
    ['^', 'unqualified name: ^'],
    ['127.0.0.1:9/me/none', 'open manifests/127.0.0.1:9/me/none/latest: no such file or directory'],
  ])('%s', async (model, error) => {
    const { push } = await serve()
    const { status, lines } = await push({ model, insecure: true })
    expect(status).toBe(200)
    expect(lines).toEqual([
      { status: 'retrieving manifest' },
      { status: "couldn't retrieve manifest" },
      { error },
    ])
    expect(await push({ model, insecure: true, stream: false })).toMatchObject({
      status: 500,
      lines: [{ error }],
    })
  })

  test('when the registry refuses, in the words of the registry', async () => {
    const { registry, model, push } = await serve()
    registry.fault({ method: 'POST', path: /uploads/, fault: { status: 403, body: 'not yours' } })
    expect((await push({ model, insecure: true })).lines.at(-1)).toEqual({ error: '403: not yours' })
  })

  test('when the registry wants somebody else', async () => {
    const { registry, model, push } = await serve()
    registry.fault({
      path: /^\/v2\//,
      fault: {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="${registry.origin}/token",scope="push"` },
      },
    })
    expect((await push({ model, insecure: true })).lines.at(-1)).toEqual({
      error: 'unauthorized: access denied',
    })
  })

  test('when the registry keeps failing', async () => {
    const { registry, model, push } = await serve()
    registry.fault({ method: 'PATCH', path: /uploads/, fault: { status: 503, body: 'later' } })
    expect((await push({ model, insecure: true })).lines.at(-1)).toEqual({
      error: 'max retries exceeded: 503: later',
    })
    expect(sent(registry, 'PATCH')).toHaveLength(3)
  })
})

test('a part that fails once is sent again', async () => {
  const { registry, model, weights, push } = await serve()
  registry.fault({ method: 'PATCH', path: /uploads/, times: 2, fault: { status: 503 } })
  expect((await push({ model, insecure: true })).lines.at(-1)).toEqual({ status: 'success' })
  expect(registry.blobs.get(weights.digest)?.size).toBe(weights.size)
})
