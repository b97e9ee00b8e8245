import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testApp } from '../../helpers/app.ts'
import { openEncoderServer } from '../../helpers/encoder-server.ts'
import { post } from './hand-made.ts'

/** The more often a text says "good", the higher its score. */
const score = (text: string) => text.split('good').length - 3

async function ranker() {
  const { app, backend } = await testApp({ models: ['bert', 'tiny', 'rank'], script: { score } })
  const rank = async (body: object, path = '/v1/rerank') => {
    const reply = await post(app, path, { model: 'rank', query: 'q ', ...body })
    return { status: reply.statusCode, body: reply.json() }
  }
  return { rank, backend }
}
const documents = ['bad', 'good good good', 'good']
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

describe('openai 155: reranking', () => {
  test('openai 155: documents come best first, with scores between 0 and 1', async () => {
    const { rank, backend } = await ranker()
    const { body } = await rank({ documents })
    expect(body).toMatchObject({
      id: expect.stringMatching(/^rerank-[0-9a-f]{32}$/),
      object: 'list',
      model: 'rank',
      results: [
        { index: 1, relevance_score: sigmoid(1) },
        { index: 2, relevance_score: sigmoid(-1) },
        { index: 0, relevance_score: sigmoid(-2) },
      ],
      usage: { prompt_tokens: 8, total_tokens: 8 },
      meta: { billed_units: { total_tokens: 8 } },
    })
    expect(body.results[0]).not.toHaveProperty('document')
    expect(backend.embedded).toEqual([['q bad', 'q good good good', 'q good']])
  })

  test('openai 155: top_n limits the results', async () => {
    const { rank } = await ranker()
    const count = async (top_n: number) => (await rank({ documents, top_n })).body.results.length
    expect([await count(2), await count(9)]).toEqual([2, 3])
    expect((await rank({ documents, top_n: 0 })).status).toBe(400)
  })

  test.each([[[]], [[1]], [null], ['a'], [{}], [[{ title: 'a' }]]])(
    'openai 155: documents %j are refused',
    async (wrong) => {
      const { rank } = await ranker()
      const { status, body } = await rank({ documents: wrong })
      expect([status, body.error]).toMatchObject([
        400,
        { type: 'invalid_request_error', message: "'documents' must be a non-empty list of texts" },
      ])
    },
  )

  test('openai 155: a query is needed', async () => {
    const { rank } = await ranker()
    const { status, body } = await rank({ documents, query: null })
    expect([status, body.error.param]).toEqual([400, 'query'])
  })

  test('openai 155: all addresses are the same', async () => {
    const { rank } = await ranker()
    const [first, ...others] = await Promise.all(
      ['/rerank', '/v1/rerank', '/reranking', '/v1/reranking', '/v2/rerank'].map(async (path) => {
        const { status, body } = await rank({ documents }, path)
        return { status, results: body.results }
      }),
    )
    expect(first?.status).toBe(200)
    for (const other of others) expect(other).toEqual(first)
  })
})

describe('openai 156: other forms', () => {
  test('openai 156: documents may be objects, and come back when asked for', async () => {
    const { rank } = await ranker()
    const { body } = await rank({ documents: [{ text: 'a' }], return_documents: true })
    expect(body.results).toEqual([{ index: 0, relevance_score: sigmoid(-2), document: { text: 'a' } }])
  })

  test('openai 156: TEI’s form is answered with a bare list', async () => {
    const { rank } = await ranker()
    expect((await rank({ texts: ['bad', 'good'] })).body).toEqual([
      { index: 1, score: sigmoid(-1) },
      { index: 0, score: sigmoid(-2) },
    ])
    const { body } = await rank({ texts: ['a'], return_text: true, raw_scores: true })
    expect(body).toEqual([{ index: 0, score: -2, text: 'a' }])
  })
})

describe('openai 157: models for other things', () => {
  test.each(['bert', 'tiny'])('openai 157: %s does not rerank', async (model) => {
    const { rank, backend } = await ranker()
    const { status, body } = await rank({ documents, model })
    expect([status, body.error.message]).toEqual([400, `"${model}" does not support reranking`])
    expect(backend.plans).toEqual([])
  })

  test('openai 157: a reranker gives no embeddings', async () => {
    const { rank } = await ranker()
    const { status, body } = await rank({ input: 'a' }, '/v1/embeddings')
    expect([status, body.error.message]).toEqual([400, '"rank" does not support embedding'])
  })
})

test('a long document is cut, a query that leaves no room is refused', async () => {
  const { rank, backend } = await ranker()
  const options = { num_ctx: 8 }
  const long = { documents: [Array.from({ length: 20 }, (_, i) => `d${i}`).join(' ')], options }
  expect((await rank(long)).body.usage.prompt_tokens).toBe(8)
  expect(backend.embedded).toEqual([['q d0 d1 d2 d3 d4 d5 d6 ']])
  const { status, body } = await rank({ ...long, query: 'a b c d e f g h ' })
  expect([status, body.error.code]).toEqual([400, 'context_length_exceeded'])
})

describe('with a real reranker', () => {
  let folder: string
  let server: Awaited<ReturnType<typeof openEncoderServer>>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-test-'))
    server = await openEncoderServer(folder, ['rank'])
  })
  afterAll(async () => {
    await server.app.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a document has the same score in any company', async () => {
    const rank = async (...texts: string[]) =>
      (await post(server.app, '/v1/rerank', { model: 'rank', query: 'abc', documents: texts })).json()
    const { results, usage } = await rank('abc', 'xyz', 'q')
    expect(results.map(({ index }: { index: number }) => index).toSorted()).toEqual([0, 1, 2])
    // [CLS] a b c [SEP] and the letters of the document, three times.
    expect(usage.prompt_tokens).toBe(3 * 5 + 3 + 3 + 1)
    const [alone] = (await rank('xyz')).results
    const inCompany = results.find(({ index }: { index: number }) => index === 1)
    expect(alone.relevance_score).toBeCloseTo(inCompany.relevance_score, 4)
    expect(alone.relevance_score > 0 && alone.relevance_score < 1).toBe(true)
  })
})
