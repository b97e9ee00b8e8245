import type { LookupAddress } from 'node:dns'
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../../engine/registry/address.ts'
import { redirectTarget } from '../../../engine/registry/redirect.ts'
import { MAX_MANIFEST_BYTES } from '../../../engine/store/manifest.ts'
import { testApp } from '../../helpers/app.ts'
import { generatedContent } from '../../helpers/registry/content.ts'
import { startRegistry, type TestRegistry } from '../../helpers/registry/server.ts'
import { calm, failureOf, OUTSIDE, openClient, readAll } from './client.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`
const weights = generatedContent(1000)

/** What a client says of a registry whose manifest is this. */
async function manifestFailure(manifest: unknown): Promise<unknown> {
  const server = await startRegistry()
  const bytes = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  server.manifests.set('/v2/library/tiny/manifests/latest', Buffer.from(bytes))
  const { registry, name } = await openClient(server)
  return failureOf(registry.manifest(name, calm))
}

const layer = (change: object) => ({
  mediaType: 'application/vnd.ollama.image.model',
  digest: DIGEST,
  size: 1,
  ...change,
})

const TRAVERSALS = [
  'sha256:../../x',
  `sha256:../../../../../../../../etc/ld.so.preload`,
  `../../../../etc/passwd`,
  `sha256-${'0'.repeat(63)}/`,
  `${DIGEST}/../../../x`,
  `${DIGEST}\n`,
  `sha256:${'0'.repeat(62)}%2f`,
  `sha256:..\\..\\${'0'.repeat(58)}`,
]

describe('CVE-2024-37032: a digest in a manifest cannot leave the blobs folder', () => {
  test.each(TRAVERSALS)('%j', async (digest) => {
    for (const manifest of [{ layers: [layer({ digest })] }, { config: layer({ digest }), layers: [] }]) {
      expect(await manifestFailure(manifest)).toMatchObject({
        failure: 'malformed',
        message: "pull model manifest: the registry's manifest cannot be used: it is no manifest",
      })
    }
  })
})

test('CVE-2026-7020: nor can that of a tensor layer, which goes the same way', async () => {
  for (const digest of TRAVERSALS) {
    const manifest = {
      layers: [layer({ mediaType: 'application/vnd.ollama.image.tensor', name: 'x', digest })],
    }
    expect(await manifestFailure(manifest)).toMatchObject({ failure: 'malformed' })
  }
})

test('CVE-2024-39722: pushing a path tells nothing of what files there are', async () => {
  const { app } = await testApp({ models: ['tiny'] })
  for (const model of ['../../../../etc/passwd', '../../../../etc/none', '/etc/passwd', 'a/../../x']) {
    const reply = await app.inject({ method: 'POST', url: '/api/push', payload: { model, stream: false } })
    expect(reply.json()).toEqual({ error: `unqualified name: ${model}` })
  }
})

describe('CVE-2025-51471: nothing is signed for another host than the one that asks', () => {
  test.each([
    ['http://evil.example/token', 'evil.example'],
    ['http://HOST@evil.example/token', 'evil.example'],
    ['http://HOST.evil.example/token', undefined],
    ['http://127.0.0.1:1/token', '127.0.0.1:1'],
    ['/token', ''],
    ['', ''],
    ['http://', ''],
  ])('ollama 156: realm %s', async (realm, shown) => {
    const server = await startRegistry()
    const evil = realm.replace('HOST', server.host)
    server.fault({
      path: /./,
      fault: { status: 401, headers: { 'www-authenticate': `Bearer realm="${evil}"` } },
    })
    const { registry, name } = await openClient(server)
    const failure = await failureOf(registry.manifest(name, calm))
    expect(failure).toMatchObject({
      message: expect.stringContaining(`does not match original host "${server.host}"`),
    })
    if (shown !== undefined) {
      expect(failure).toMatchObject({
        message: `pull model manifest: realm host "${shown}" does not match original host "${server.host}"`,
      })
    }
    expect(server.requests.map(({ url }) => url)).toEqual(['/v2/library/tiny/manifests/latest'])
  })

  test('nor with a password in the address, nor over another scheme', async () => {
    const server = await startRegistry()
    for (const realm of [
      `http://u:p@${server.host}/token`,
      `https://${server.host}/token`,
      `ftp://${server.host}/`,
    ]) {
      server.clearFaults()
      server.fault({
        path: /./,
        fault: { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } },
      })
      const { registry, name } = await openClient(server)
      expect(await failureOf(registry.manifest(name, calm))).toMatchObject({ failure: 'refused' })
    }
    expect(server.tokenRequests).toEqual([])
  })

  test('a token stays with the registry that gave it when a redirect leads away', async () => {
    const elsewhere = await startRegistry({ address: '127.0.0.2' })
    const server = await startRegistry({ auth: {} })
    const manifest = server.publish('library/tiny', [])
    elsewhere.manifests.set('/v2/library/tiny/manifests/latest', manifest)
    const { registry, name } = await openClient(server)
    await registry.manifest(name, calm)
    const location = `${elsewhere.origin}/v2/library/tiny/manifests/latest`
    server.fault({ path: /manifests/, fault: { status: 307, headers: { location } } })
    await registry.manifest(name, calm)
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Bearer /)
    expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })
})

describe('CVE-2024-12886: an answer cannot fill the memory', () => {
  test.each(['gzip', 'br', 'deflate', 'zstd'])('packed with %s, for it is not unpacked', async (encoding) => {
    const server = await startRegistry()
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    server.fault({
      path: /manifests/,
      fault: {
        answer: (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bomb),
      },
    })
    const { registry, name } = await openClient(server)
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      failure: 'malformed',
      message: expect.stringContaining('the answer is compressed'),
    })
  })

  test.each([
    ['a manifest', 200, MAX_MANIFEST_BYTES],
    ['an error', 500, 8 * 1024],
  ])('with %s that does not end', async (_, status, limit) => {
    const server = await startRegistry()
    let sent = 0
    server.fault({
      path: /manifests/,
      fault: {
        answer: (__, response) => {
          response.writeHead(status)
          const more = () => {
            while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 0x20))) sent += 64 * 1024
          }
          response.on('drain', more)
          more()
        },
      },
    })
    const { registry, name } = await openClient(server)
    const failure = (await failureOf(registry.manifest(name, calm))) as Error
    expect(failure.message.length).toBeLessThan(10_000)
    // What the sockets hold comes on top.
    expect(sent).toBeLessThan(limit + 16 * 1024 * 1024)
  })

  test('with headers that do not end', async () => {
    const server = await startRegistry()
    server.fault({
      path: /manifests/,
      fault: { status: 200, headers: { 'x-much': 'x'.repeat(1024 * 1024) } },
    })
    const { registry, name } = await openClient(server)
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({ failure: 'unreachable' })
  })
})

describe('a manifest that makes no sense is refused before anything is fetched', () => {
  test.each<[string, unknown]>([
    ['not JSON', '<html>'],
    ['empty', ''],
    ['null', null],
    ['a list', []],
    ['deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['a negative size', { layers: [layer({ size: -1 })] }],
    ['half a byte', { layers: [layer({ size: 0.5 })] }],
    ['more bytes than can be counted', { layers: [layer({ size: 2 ** 60 })] }],
    ['a size in words', { layers: [layer({ size: '1' })] }],
    ['a digest that is a list', { layers: [layer({ digest: [DIGEST] })] }],
    ['two sizes for one digest', { layers: [layer({}), layer({ size: 2 })] }],
    [
      'two sizes for one digest in two spellings',
      { layers: [layer({})], config: layer({ size: 2, digest: DIGEST.replace(':', '-') }) },
    ],
    ['too many layers', { layers: Array.from({ length: 65_537 }, () => layer({})) }],
  ])('%s', async (_, manifest) => {
    expect(await manifestFailure(manifest)).toMatchObject({ failure: 'malformed' })
  })

  test('no digest at all, in the words of Ollama', async () => {
    expect(await manifestFailure({ layers: [layer({ digest: '' })] })).toMatchObject({
      message: 'library/tiny: digest is empty',
    })
  })
})

/** A registry that counts as one on the internet, and sends blobs of `library/tiny` to `location`. */
async function redirecting(location: string) {
  const server = await startRegistry()
  server.publish('library/tiny', [{ kind: 'model', content: weights }])
  server.fault({ method: 'GET', path: /blobs/, fault: { status: 307, headers: { location } } })
  return { server, ...(await openClient(server, OUTSIDE)) }
}

/** Fetches a blob in full. */
async function fetchBlob({ registry, name }: Awaited<ReturnType<typeof openClient>>): Promise<Buffer> {
  const blob = await registry.blob(name, weights, calm)
  return readAll(blob.read({ start: 0, end: 999 }, calm))
}

describe('a registry on the internet cannot send us into the local network', () => {
  test.each([
    ['loopback', 'http://127.0.0.2:PORT/blob'],
    ['as one number', 'http://2130706434:PORT/blob'],
    ['in hexadecimal', 'http://0x7f.0.0.0x2:PORT/blob'],
    ['in octal', 'http://0177.0.0.02:PORT/blob'],
    ['short', 'http://127.2:PORT/blob'],
    ['in wide letters', 'http://１２７。０。０。２:PORT/blob'],
    ['IPv6 loopback', 'http://[::1]:PORT/blob'],
    ['IPv4 in IPv6', 'http://[::ffff:127.0.0.2]:PORT/blob'],
    ['the same in hexadecimal', 'http://[::ffff:7f00:2]:PORT/blob'],
    ['NAT64', 'http://[64:ff9b::127.0.0.2]:PORT/blob'],
    ['6to4', 'http://[2002:7f00:2::]:PORT/blob'],
    ['unspecified', 'http://0.0.0.0:PORT/blob'],
    ['cloud metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['link-local IPv6', 'http://[fe80::1]:PORT/blob'],
    ['unique local IPv6', 'http://[fd00:ec2::254]:PORT/blob'],
    ['private 10', 'http://10.0.0.1/blob'],
    ['private 172', 'http://172.31.255.255/blob'],
    ['private 192', 'http://192.168.1.1/blob'],
    ['carrier-grade NAT', 'http://100.64.0.1/blob'],
    ['multicast', 'http://224.0.0.1/blob'],
    ['broadcast', 'http://255.255.255.255/blob'],
  ])('%s', async (_, location) => {
    const inside = await startRegistry({ address: '127.0.0.2' })
    const port = inside.host.split(':')[1] ?? ''
    // The true rules, but for the registry itself.
    const server = await startRegistry()
    server.fault({
      method: 'GET',
      path: /blobs/,
      fault: { status: 307, headers: { location: inAscii(location.replace('PORT', port)) } },
    })
    server.publish('library/tiny', [{ kind: 'model', content: weights }])
    const client = await openClient(server, {
      isPublic: (address) => address === '127.0.0.1' || isPublicAddress(address),
    })
    expect(await failureOf(fetchBlob(client))).toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('which is not on the internet'),
    })
    expect(inside.requests).toEqual([])
  })

  test('nor by a name that leads there', async () => {
    const inside = await startRegistry({ address: '127.0.0.2' })
    const { server } = await redirecting(`http://inside.example:${inside.host.split(':')[1]}/blob`)
    const client = await openClient(server, {
      ...OUTSIDE,
      lookup: names({ 'inside.example': ['127.0.0.2'] }),
    })
    expect(await failureOf(fetchBlob(client))).toMatchObject({ failure: 'refused' })
    expect(inside.requests).toEqual([])
  })

  test('nor by a name that leads to both sides: it is connected to outside', async () => {
    const cdn = await startRegistry()
    cdn.blobs.set(weights.digest, weights)
    const port = cdn.host.split(':')[1]
    const { server } = await redirecting(`http://both.example:${port}/blob/${weights.digest}`)
    const client = await openClient(server, {
      ...OUTSIDE,
      lookup: names({ 'both.example': ['127.0.0.2', '127.0.0.1'] }),
    })
    expect(await fetchBlob(client)).toHaveLength(1000)
  })

  test('nor by moving there itself', async () => {
    const server = await startRegistry()
    server.publish('library/tiny', [])
    const [, port = ''] = server.host.split(':')
    const inside = await startRegistry({ address: '127.0.0.2' })
    const addresses = { 'registry.example': ['127.0.0.1'] }
    const { registries, name } = await openClient(server, { ...OUTSIDE, lookup: names(addresses) })
    const registry = registries.open(`registry.example:${port}`, { insecure: true })
    server.fault({ path: /./, times: 1, fault: { answer: hangUpAfter(server) } })
    await registry.manifest(name, calm)
    addresses['registry.example'] = ['127.0.0.2']
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('moved between the internet and the local network'),
    })
    expect(inside.requests).toEqual([])
  })

  test('nor with what it says of where uploads go', async () => {
    const inside = await startRegistry({ address: '127.0.0.2' })
    const server = await startRegistry()
    server.fault({
      method: 'POST',
      path: /./,
      fault: { status: 202, headers: { location: `${inside.origin}/x` } },
    })
    const { registry, name } = await openClient(server, OUTSIDE)
    const blob = {
      ...weights,
      source: undefined,
      read: () => {
        throw new Error('nothing is to be read')
      },
    }
    expect(await failureOf(registry.putBlob(name, blob, () => {}, calm))).toMatchObject({
      failure: 'refused',
    })
    expect(inside.requests).toEqual([])
  })

  test('unless the setting lets it', async () => {
    const inside = await startRegistry({ address: '127.0.0.2' })
    inside.blobs.set(weights.digest, weights)
    const { server } = await redirecting(`${inside.origin}/blob/${weights.digest}`)
    const client = await openClient(server, { ...OUTSIDE, allowPrivate: true })
    expect(await fetchBlob(client)).toHaveLength(1000)
  })
})

describe('a redirect', () => {
  const from = new URL('https://registry.example/v2/x')

  test.each([
    ['http://registry.example/v2/y', 'leads from https to http'],
    ['https://user:password@cdn.example/y', 'carries credentials'],
    ['https://user@cdn.example/y', 'carries credentials'],
    ['file:///etc/passwd', 'leads to file:'],
    ['ftp://cdn.example/y', 'leads to ftp:'],
    ['javascript:alert(1)', 'leads to javascript:'],
    ['data:text/plain,x', 'leads to data:'],
    ['http://', 'leads to something that is no address'],
    ['https://a:b/', 'leads to something that is no address'],
    ['https://cdn.example/'.padEnd(20_000, 'x'), 'leads to something that is no address'],
    ['', 'leads nowhere'],
    [undefined, 'leads nowhere'],
  ])('to %s is refused', (location, why) => {
    expect(() => redirectTarget(from, location)).toThrow(`a redirect of registry.example ${why}`)
  })

  test('that goes in a circle ends', async () => {
    const { server, ...client } = await redirecting('/v2/library/tiny/blobs/again')
    expect(await failureOf(fetchBlob(client))).toMatchObject({
      failure: 'refused',
      message: 'stopped after 10 redirects',
    })
    expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(11)
  })

  test('with a signature in its address does not show it in errors', async () => {
    const cdn = await startRegistry({ address: '127.0.0.2' })
    const server = await startRegistry({ redirectBlobs: { to: cdn.origin } })
    server.publish('library/tiny', [{ kind: 'model', content: weights }])
    cdn.blobs.set(weights.digest, weights)
    cdn.fault({ path: /./, fault: { cutAfter: 10 } })
    const failure = await failureOf(fetchBlob(await openClient(server)))
    expect(failure).toMatchObject({ message: expect.stringContaining(`${cdn.origin}/blob/`) })
    expect(String(failure)).not.toContain('secret')
  })
})

/** What a header can hold. */
const inAscii = (text: string) => text.replace(/[^\x20-\x7e]/g, encodeURIComponent)

/** A resolver that knows these names, at any time. */
function names(known: Record<string, string[]>) {
  return (
    hostname: string,
    _: unknown,
    done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
  ) => {
    const found = known[hostname]
    if (found)
      done(
        null,
        found.map((address) => ({ address, family: 4 })),
      )
    else done(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), [])
  }
}

/** Answers with the manifest and ends the connection, so that the next request makes a new one. */
const hangUpAfter =
  ({ manifests }: TestRegistry) =>
  (_: unknown, response: ServerResponse) =>
    void response.writeHead(200, { connection: 'close' }).end([...manifests.values()][0])
