import { describe, expect, onTestFinished, test } from 'vitest'
import { openRegistries, type RegistriesOptions } from '../../../engine/registry/registries.ts'
import type { ModelName } from '../../../engine/store/types.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { generatedContent } from '../../helpers/registry/content.ts'
import { startRegistry, type TestRegistry } from '../../helpers/registry/server.ts'

const signal = new AbortController().signal

async function client(server: TestRegistry, options: Partial<RegistriesOptions> = {}) {
  const registries = openRegistries({
    userAgent: 'snug/test',
    keyPath: `${await tempFolder()}/id_ed25519`,
    stallTimeoutMs: 2_000,
    ...options,
  })
  onTestFinished(() => registries.close())
  const name: ModelName = { host: server.host, namespace: 'library', model: 'tiny', tag: 'latest' }
  return { registry: registries.open(server.host, { insecure: true }), name }
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

const weights = generatedContent(300_000)
const bytesOf = (start: number, end: number) => Buffer.concat([...weights.read(start, end)])

describe('manifests', () => {
  test('come byte for byte as they were sent', async () => {
    const server = await startRegistry()
    const served = server.publish('library/tiny', [{ kind: 'model', content: weights }])
    const { registry, name } = await client(server)
    const { bytes } = await registry.manifest(name, signal)
    expect(bytes.equals(served)).toBe(true)
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'application/vnd.docker.distribution.manifest.v2+json',
      'user-agent': 'snug/test',
    })
  })
})

describe('blobs', () => {
  test('are read in parts from the registry itself', async () => {
    const server = await startRegistry()
    server.publish('library/tiny', [{ kind: 'model', content: weights }])
    const { registry, name } = await client(server)
    const blob = await registry.blob(name, weights, signal)
    expect(
      (await read(blob.read({ start: 1000, end: 250_000 }, signal))).equals(bytesOf(1000, 250_001)),
    ).toBe(true)
  })

  test.each([301, 302, 303, 307, 308])('are read from where status %i leads', async (status) => {
    const cdn = await startRegistry({ address: '127.0.0.2' })
    const server = await startRegistry({ redirectBlobs: { to: cdn.origin, status } })
    server.publish('library/tiny', [{ kind: 'model', content: weights }])
    cdn.blobs.set(weights.digest, weights)
    const { registry, name } = await client(server)
    const blob = await registry.blob(name, weights, signal)
    expect((await read(blob.read({ start: 5, end: 9 }, signal))).equals(bytesOf(5, 10))).toBe(true)
    expect(cdn.requests.map(({ headers }) => headers.range)).toEqual(['bytes=5-9'])
  })
})
