import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseChallenge } from '../../../engine/registry/challenge.ts'
import { loadIdentity } from '../../../engine/registry/key.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { generatedContent } from '../../helpers/registry/content.ts'
import { startRegistry } from '../../helpers/registry/server.ts'
import { calm, failureOf, openClient, readAll } from './client.ts'

const weights = generatedContent(1000)

/** A key that was made for this test, as `ssh-keygen -t ed25519` wrote it. */
const FROM_SSH_KEYGEN = `b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACAvHJVxrkbbx3LdSjx0DjIU2/N3tP6hU6fbCI/EsUdi9gAAAJBvU3TZb1N0
2QAAAAtzc2gtZWQyNTUxOQAAACAvHJVxrkbbx3LdSjx0DjIU2/N3tP6hU6fbCI/EsUdi9g
AAAECpYSbCvkqXpFF8dMdqiEmsbWNrLbklwTokzRoZ1tDTYy8clXGuRtvHct1KPHQOMhTb
83e0/qFTp9sIj8SxR2L2AAAACHRlc3Qga2V5AQIDBAU=`

describe('ollama 155: a registry that asks who is there', () => {
  test('gets a signature that holds, and then the token it gave for it', async () => {
    const server = await startRegistry({
      auth: { service: 'models', scope: 'repository:library/tiny:pull registry:catalog:*' },
    })
    const manifest = server.publish('library/tiny', [])
    const { registry, name, keyPath } = await openClient(server)
    expect((await registry.manifest(name, calm)).bytes.equals(manifest)).toBe(true)
    const [, tokenUrl = ''] = server.requests.map(({ url }) => url)
    const query = new URL(tokenUrl, server.origin).searchParams
    expect([...query.keys()]).toEqual(['nonce', 'scope', 'scope', 'service', 'ts'])
    expect(query.getAll('scope')).toEqual(['repository:library/tiny:pull', 'registry:catalog:*'])
    expect(query.get('service')).toBe('models')
    expect(query.get('nonce')).toMatch(/^[\w-]{22}$/)
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Bearer token-/)
    const publicFile = await readFile(`${keyPath}.pub`, 'utf8')
    expect(publicFile).toBe(`ssh-ed25519 ${server.tokenRequests[0]?.publicKey}\n`)
  })

  test('is asked for one token by many requests of one operation', async () => {
    const server = await startRegistry({ auth: {} })
    server.publish('library/tiny', [{ kind: 'model', content: weights }])
    const { registry, name } = await openClient(server)
    await registry.manifest(name, calm)
    const blob = await registry.blob(name, weights, calm)
    await Promise.all([0, 1, 2].map((start) => readAll(blob.read({ start, end: 9 }, calm))))
    expect(server.tokenRequests).toHaveLength(1)
  })

  test('is asked for another token when the first one has run out', async () => {
    const server = await startRegistry({ auth: {} })
    server.publish('library/tiny', [{ kind: 'model', content: weights }])
    const { registry, name } = await openClient(server)
    await registry.manifest(name, calm)
    const blob = await registry.blob(name, weights, calm)
    server.revokeTokens()
    const starts = Array.from({ length: 16 }, (_, n) => n)
    await Promise.all(starts.map((start) => readAll(blob.read({ start, end: 99 }, calm))))
    expect(server.tokenRequests).toHaveLength(2)
  })

  test('and still says no is believed the second time', async () => {
    const server = await startRegistry()
    const { registry, name } = await openClient(server)
    const headers = { 'www-authenticate': `Bearer realm="${server.origin}/token",service="s",scope="x"` }
    server.fault({ path: /manifests/, fault: { status: 401, headers } })
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      failure: 'unauthorized',
      message: 'pull model manifest: unauthorized: access denied',
    })
    expect(server.requests).toHaveLength(3)
  })

  test.each([
    [{ status: 403, body: 'no account' }, 'pull model manifest: 403: no account'],
    [{ status: 200, body: '{"token":"a\\r\\nx: y"}' }, 'gave no token that can be used'],
    [{ status: 200, body: '{"token":""}' }, 'gave no token that can be used'],
    [{ status: 200, body: '<html>' }, 'gave no token that can be used'],
    [{ status: 200, body: `{"token":"${'x'.repeat(70_000)}"}` }, 'more than 65536 bytes'],
    [{ status: 302, headers: { location: 'http://127.0.0.2/' } }, 'answered 302 instead of a token'],
  ])('and answers %j gets nothing more', async (fault, message) => {
    const server = await startRegistry({ auth: {} })
    server.publish('library/tiny', [])
    server.fault({ path: /^\/token/, fault })
    const { registry, name } = await openClient(server)
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      message: expect.stringContaining(message),
    })
    expect(server.requests.filter(({ headers }) => headers.authorization?.startsWith('Bearer'))).toEqual([])
  })

  test('without saying where tokens are is refused', async () => {
    const server = await startRegistry()
    server.fault({
      path: /manifests/,
      fault: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
    })
    const { registry, name } = await openClient(server)
    expect(await failureOf(registry.manifest(name, calm))).toMatchObject({
      message: 'pull model manifest: unauthorized: access denied',
    })
  })
})

test('a server without a usable key says so, and neither where nor what', async () => {
  const server = await startRegistry({ auth: {} })
  const { keyPath, registries, name } = await openClient(server)
  await mkdir(dirname(keyPath))
  await writeFile(keyPath, 'my secret')
  const failure = await failureOf(registries.open(server.host, { insecure: true }).manifest(name, calm))
  expect(failure).toMatchObject({
    message: "pull model manifest: unauthorized: this server's key cannot be used",
  })
})

test('no secret is in the error of a registry that says it back', async () => {
  const server = await startRegistry({ auth: {} })
  server.publish('library/tiny', [{ kind: 'model', content: weights }])
  const { registry, name } = await openClient(server)
  await registry.manifest(name, calm)
  server.fault({
    path: /manifests/,
    fault: {
      answer: (request, response) =>
        void response.writeHead(400).end(`you sent ${request.headers.authorization}`),
    },
  })
  const failure = await failureOf(registry.manifest(name, calm))
  expect(failure).toMatchObject({ message: 'pull model manifest: 400: you sent Bearer …' })
})

describe('the challenge of a registry', () => {
  test.each([
    [
      'Bearer realm="https://r/t",service="s",scope="a b"',
      { realm: 'https://r/t', service: 's', scope: 'a b' },
    ],
    ['bearer   scope=pull , realm=https://r/t', { realm: 'https://r/t', service: '', scope: 'pull' }],
    ['Bearer realm="a\\"b,c",x="y"', { realm: 'a"b,c', service: '', scope: '' }],
    ['Bearer REALM="one",realm="two"', { realm: 'one', service: '', scope: '' }],
    ['Bearer realm=""', { realm: '', service: '', scope: '' }],
  ])('%s', (header, challenge) => {
    expect(parseChallenge(header)).toEqual(challenge)
  })

  test.each([
    [undefined],
    [''],
    ['Bearer'],
    ['Bearer '],
    ['Basic realm="x"'],
    ['Bearer realm="unclosed'],
    ['Bearer realm="x" service="y"'],
    ['Bearer service="s"'],
    ['Bearer =x'],
    [`Bearer realm="${'x'.repeat(9000)}"`],
  ])('%s is none', (header) => {
    expect(parseChallenge(header)).toBeUndefined()
  })

  test('a hostile one is read in an instant', () => {
    const before = performance.now()
    parseChallenge(`Bearer ${' '.repeat(4000)}${'\\'.repeat(2000)}"${'a=",'.repeat(500)}`)
    expect(performance.now() - before).toBeLessThan(100)
  })
})

describe('the key', () => {
  test('is made once, for the owner alone, and read again', async () => {
    const path = `${await tempFolder()}/new/.ollama/id_ed25519`
    const [first, second] = await Promise.all([loadIdentity(path), loadIdentity(path)])
    expect(second.publicKey).toBe(first.publicKey)
    expect((await loadIdentity(path)).publicKey).toBe(first.publicKey)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(`${path}.pub`)).mode & 0o777).toBe(0o644)
  })

  test('of ssh-keygen is understood', async () => {
    const path = `${await tempFolder()}/id_ed25519`
    const label = 'OPENSSH PRIVATE KEY-----'
    await writeFile(path, `-----BEGIN ${label}\n${FROM_SSH_KEYGEN}\n-----END ${label}\n`)
    const { publicKey } = await loadIdentity(path)
    expect(publicKey).toBe('AAAAC3NzaC1lZDI1NTE5AAAAIC8clXGuRtvHct1KPHQOMhTb83e0/qFTp9sIj8SxR2L2')
  })

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    [
      'a cut one',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n',
    ],
  ])('%s in its place is an error, and stays', async (_, text) => {
    const path = `${await tempFolder()}/id_ed25519`
    await writeFile(path, text)
    await expect(loadIdentity(path)).rejects.toThrow(/no OpenSSH private key|cut off/)
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})
