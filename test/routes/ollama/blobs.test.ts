import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { blobPathOf } from '../../helpers/fixtures.ts'
import { openSocket } from '../../helpers/socket.ts'
import { blobNames } from '../../helpers/store.ts'
import { serve } from './serve.ts'

const digestOf = (content: string | Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`
const HELLO = digestOf('hello')

test('ollama 128: HEAD /api/blobs of an unknown digest is 404, of no digest 400, without a body', async () => {
  const { http } = await serve()
  const unknown = await http.head(`/api/blobs/${HELLO}`)
  const malformed = await http.head('/api/blobs/sha256:xyz')
  expect([unknown.status, unknown.text ?? '', malformed.status, malformed.text ?? '']).toEqual([
    404,
    '',
    400,
    '',
  ])
})

test.each(['application/json', 'text/plain', 'nonsense;;', undefined])(
  'ollama 129: POST /api/blobs stores the bytes as they are, labelled %s',
  async (type) => {
    const { http, modelsFolder } = await serve()
    const upload = () => {
      const asked = http.post(`/api/blobs/${HELLO}`)
      return (type === undefined ? asked : asked.set('content-type', type)).send('hello')
    }
    const first = await upload()
    expect([first.status, first.text]).toEqual([201, ''])
    expect(await readFile(blobPathOf(modelsFolder, HELLO), 'utf8')).toBe('hello')
    const again = await upload()
    expect([again.status, again.text]).toEqual([200, ''])
    expect((await http.head(`/api/blobs/${HELLO}`)).status).toBe(200)
    expect((await http.head(`/api/blobs/${HELLO.toUpperCase().replace('SHA256:', 'sha256-')}`)).status).toBe(
      200,
    )
  },
)

test('ollama 130: POST of other bytes than the digest says is refused, and they are kept under their own', async () => {
  const { http, modelsFolder } = await serve()
  const reply = await http.post(`/api/blobs/${HELLO}`).send('hallo')
  const got = digestOf('hallo')
  const error = `digest mismatch, expected "${HELLO}", got "${got}"`
  expect([reply.status, reply.body]).toEqual([400, { error }])
  const names = await blobNames(modelsFolder)
  expect(names).toContain(got.replace(':', '-'))
  expect(names).not.toContain(HELLO.replace(':', '-'))
})

test('ollama 130: POST to a malformed digest is refused and stores nothing', async () => {
  const { http, modelsFolder } = await serve()
  const before = await blobNames(modelsFolder)
  for (const digest of ['sha256:xyz', 'x', '..%2F..%2Fx', `${HELLO}0`]) {
    const reply = await http.post(`/api/blobs/${digest}`).send('hello')
    expect([reply.status, reply.body]).toEqual([400, { error: 'invalid digest format' }])
  }
  expect(await blobNames(modelsFolder)).toEqual(before)
})

test('an empty file is a file', async () => {
  const { http } = await serve()
  expect((await http.post(`/api/blobs/${digestOf('')}`)).status).toBe(201)
})

test('a file larger than any other body may be is written as it comes, not collected', async () => {
  const { url, modelsFolder } = await serve()
  const piece = randomBytes(1024 * 1024)
  // Fifty pieces: enough to tell a buffer from a stream.
  const pieces = 50
  const hash = createHash('sha256')
  for (let sent = 0; sent < pieces; sent++) hash.update(piece)
  const digest = `sha256:${hash.digest('hex')}`
  const upload = request(`${await url()}/api/blobs/${digest}`, { method: 'POST' })
  const reply = new Promise<number | undefined>((resolve, reject) => {
    upload.on('error', reject).on('response', (response) => resolve(response.resume().statusCode))
  })
  const sizeNow = async () => {
    const [name] = (await blobNames(modelsFolder)).filter((one) => one.startsWith('tmp-'))
    return name === undefined ? 0 : (await readFile(`${modelsFolder}/blobs/${name}`)).length
  }
  for (let sent = 1; sent <= pieces; sent++) {
    await new Promise((resolve) => upload.write(piece, resolve))
    if (sent === 5) await expect.poll(sizeNow, { timeout: 5000 }).toBe(5 * piece.length)
  }
  upload.end()
  expect(await reply).toBe(201)
})

test('an upload that breaks off leaves nothing behind', async () => {
  const { url, modelsFolder } = await serve()
  const before = await blobNames(modelsFolder)
  const socket = await openSocket(await url())
  socket.send(`POST /api/blobs/${HELLO} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhel`)
  await expect.poll(() => blobNames(modelsFolder)).toHaveLength(before.length + 1)
  socket.hangUp()
  await expect.poll(() => blobNames(modelsFolder)).toEqual(before)
})

test.each([
  ['is stored already', HELLO, '200'],
  ['has no digest', 'sha256:xyz', '400'],
])(
  'a client that still sends what %s gets its answer, and the connection goes on',
  async (_, digest, status) => {
    const { http, url } = await serve()
    await http.post(`/api/blobs/${HELLO}`).send('hello')
    const socket = await openSocket(await url())
    const length = 8 * 1024 * 1024
    socket.send(`POST /api/blobs/${digest} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n`)
    await socket.until(`HTTP/1.1 ${status}`)
    socket.send('x'.repeat(length))
    socket.send('GET /api/version HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await socket.until('"version"')
  },
)

test('a server that stops does not wait for an upload that stands still', async () => {
  const { app, url, modelsFolder } = await serve()
  const before = await blobNames(modelsFolder)
  const socket = await openSocket(await url())
  socket.send(`POST /api/blobs/${HELLO} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhel`)
  await expect.poll(() => blobNames(modelsFolder)).toHaveLength(before.length + 1)
  await app.close()
  await socket.closed
  await expect.poll(() => blobNames(modelsFolder)).toEqual(before)
})
