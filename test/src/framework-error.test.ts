import { expect, test } from 'vitest'
import { testApp } from '../helpers/app.ts'

test('a URL with a broken percent sign is refused in words, under /v1 in an object', async () => {
  const { app } = await testApp({ models: [] })
  const plain = await app.inject('/api/%zz')
  expect([plain.statusCode, plain.headers['content-type'], plain.body]).toEqual([
    400,
    'text/plain',
    '400 bad request',
  ])
  const openai = await app.inject('/v1/models/%zz')
  expect([openai.statusCode, openai.json().error]).toEqual([
    400,
    { message: '400 bad request', type: 'invalid_request_error', param: null, code: null },
  ])
})
