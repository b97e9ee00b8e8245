import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { isHuggingFace, mayHaveToken, originsOf } from '../../../../engine/registry/hugging-face/hosts.ts'
import { createHub } from '../../../../engine/registry/hugging-face/hub.ts'
import { openSession } from '../../../../engine/registry/session.ts'
import { fetchToken } from '../../../../engine/registry/token.ts'
import type { Transport, TransportAnswer, TransportRequest } from '../../../../engine/registry/transport.ts'
import { calm, failureOf } from '../client.ts'

test('Hugging Face has two names, in any case, and no others', () => {
  expect(['hf.co', 'HuggingFace.co'].every(isHuggingFace)).toBe(true)
  expect(['hf.co.evil.com', 'cdn.hf.co', 'hf.com', 'hf.co:443'].some(isHuggingFace)).toBe(false)
})

describe('the token may go', () => {
  test.each([
    ['https://hf.co', true],
    ['https://huggingface.co', true],
    ['http://hf.co', false],
    ['https://hf.co:8443', false],
    ['https://mirror.example', false],
    ['http://192.168.1.2', false],
    ['http://127.0.0.1:99', true],
    ['http://[::1]:99', true],
    ['http://127.0.0.1.evil.com', false],
  ])('to %s: %s', (url, expected) => {
    expect(mayHaveToken(new URL(url))).toBe(expected)
  })
})

/** A network in memory: what is answered, by address. */
function network(
  answers: Record<string, { status: number; headers?: Record<string, string>; body?: string }>,
) {
  const sent: { url: string; authorization: string | undefined }[] = []
  const transport: Transport = {
    async send({ url, headers }: TransportRequest): Promise<TransportAnswer> {
      sent.push({ url: url.href, authorization: headers?.authorization })
      const {
        status,
        headers: given = {},
        body = '',
      } = answers[`${url.origin}${url.pathname}`] ?? { status: 404 }
      const content = Object.assign(Readable.from([Buffer.from(body)]), { dump: async () => {} })
      return { status, header: (name) => given[name], body: content as unknown as TransportAnswer['body'] }
    },
    isPublicLiteral: () => undefined,
    close: async () => {},
  }
  return { transport, sent }
}

const NAME = { host: 'hf.co', namespace: 'u', model: 'R', tag: 'latest' }
const LIST = '/api/models/u/R/tree/main'

function openHub(transport: Transport, base = 'https://hf.co') {
  const identity = async () => ({ publicKey: 'key', sign: () => 'signature' })
  const url = new URL(base)
  const session = openSession({
    transport,
    base: url,
    origins: originsOf(url),
    token: 'hf_secret',
    allowPrivate: false,
    authorize: (challenge, request) => fetchToken(challenge, identity, request),
  })
  return createHub(session, { hasToken: true })
}

describe('hf.co and huggingface.co are one', () => {
  test('a redirect from one to the other keeps the token, one to anywhere else does not', async () => {
    const { transport, sent } = network({
      [`https://hf.co${LIST}`]: { status: 307, headers: { location: `https://huggingface.co${LIST}` } },
      [`https://huggingface.co${LIST}`]: { status: 302, headers: { location: 'https://cdn.hf.co/list' } },
      'https://cdn.hf.co/list': { status: 200, body: '[]' },
    })
    expect(await openHub(transport).files(NAME, calm)).toEqual([])
    expect(sent.map(({ authorization }) => authorization)).toEqual([
      'Bearer hf_secret',
      'Bearer hf_secret',
      undefined,
    ])
  })

  test('a challenge of one may name the other, but nobody else', async () => {
    const challenged = (realm: string) =>
      network({
        [`https://hf.co${LIST}`]: {
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="${realm}",service="s",scope="x"` },
        },
        'https://huggingface.co/token': { status: 200, body: '{"token":"new"}' },
      })
    const own = challenged('https://huggingface.co/token')
    await failureOf(openHub(own.transport).files(NAME, calm))
    expect(own.sent.map(({ authorization }) => authorization)).toEqual([
      'Bearer hf_secret',
      'key:signature',
      'Bearer new',
    ])
    for (const realm of ['https://evil.example/token', 'http://huggingface.co/token']) {
      const { transport, sent } = challenged(realm)
      expect(await failureOf(openHub(transport).files(NAME, calm))).toMatchObject({ failure: 'refused' })
      expect(sent).toHaveLength(1)
    }
  })

  test('a message never shows the token', async () => {
    const { transport } = network({ [`https://hf.co${LIST}`]: { status: 500, body: 'you sent hf_secret' } })
    expect(String(await failureOf(openHub(transport).files(NAME, calm)))).not.toContain('secret')
  })
})
