import zlib, { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { decodeBody } from '../../../routes/openai/request-body.ts'
import { testApp } from '../../helpers/app.ts'

const BODY = Buffer.from('{"a":1}')

test.each([
  [undefined, BODY],
  ['', BODY],
  ['identity', BODY],
  ['gzip', gzipSync(BODY)],
  ['GZip ', gzipSync(BODY)],
  ['deflate', deflateSync(BODY)],
  ['br', brotliCompressSync(BODY)],
])('content encoding %s is undone', async (encoding, bytes) => {
  expect(await decodeBody(encoding, bytes)).toEqual(BODY)
})

test.each(['compress', 'gzip, br', 'constructor'])('content encoding %s is refused', async (encoding) => {
  await expect(decodeBody(encoding, BODY)).rejects.toMatchObject({ status: 415 })
})

test.each(['gzip', 'deflate', 'br'])('a damaged %s body is refused', async (encoding) => {
  await expect(decodeBody(encoding, BODY)).rejects.toMatchObject({
    status: 400,
    message: `failed to decompress ${encoding} body`,
  })
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('a %s body stops unfolding at the limit', async (encoding, compress) => {
  const bomb = compress(Buffer.alloc(100_000))
  await expect(decodeBody(encoding, bomb, 1000)).rejects.toMatchObject({ status: 413 })
})

const CHAT = { model: 'tiny', messages: [{ role: 'user', content: 'Hi' }] }

async function sendEncoded(encoding: string, payload: Buffer) {
  const { app } = await testApp({ models: ['tiny'] })
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
  return app.inject({ method: 'POST', url: '/v1/chat/completions', headers, payload })
}

test('openai 13: a compressed body is read', async () => {
  const reply = await sendEncoded('gzip', gzipSync(JSON.stringify(CHAT)))
  expect(reply.statusCode).toBe(200)
  expect(reply.json().choices[0].message.content).toBe('Hello world')
})

const canZstd = 'zstdCompressSync' in zlib

test.runIf(canZstd)('openai 13: so is one packed with zstd, where Node can', async () => {
  const pack = Reflect.get(zlib, 'zstdCompressSync') as typeof gzipSync
  expect((await sendEncoded('zstd', pack(JSON.stringify(CHAT)))).statusCode).toBe(200)
})

test('openai 13: a damaged zstd body is refused, as damaged where Node can tell', async () => {
  const reply = await sendEncoded('zstd', BODY)
  const [status, message] = canZstd
    ? [400, 'failed to decompress zstd body']
    : [415, 'unsupported content encoding: zstd']
  expect(reply.statusCode).toBe(status)
  expect(reply.json().error.message).toBe(message)
})
