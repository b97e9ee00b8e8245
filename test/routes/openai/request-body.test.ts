import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { decodeBody } from '../../../routes/openai/request-body.ts'

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
