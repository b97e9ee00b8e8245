import { describe, expect, test } from 'vitest'
import type { Runner } from '../../../engine/backend.ts'
import { rerankDocuments } from '../../../engine/embedding/rerank.ts'
import { model } from '../prompt/jobs.ts'

/** A runner whose tokens are characters; keeps the texts it scores. Every score is `score`. */
function characters(score: number, contextLength = 100) {
  const texts: string[] = []
  const text = (tokens: readonly number[]) => String.fromCodePoint(...tokens)
  const runner = {
    info: { contextLength },
    tokenize: async (input: string) => [...input].map((char) => char.codePointAt(0) ?? 0),
    detokenize: async (tokens: readonly number[]) => text(tokens),
    rerank: async (inputs: readonly (readonly number[])[]) => {
      texts.push(...inputs.map(text))
      return inputs.map(() => score)
    },
  } as unknown as Runner
  return { runner, texts }
}

const job = (facts: Parameters<typeof model>[0], query: string, ...documents: string[]) => ({
  model: model(facts),
  rawName: 'm',
  options: {},
  query,
  documents,
})
const signal = new AbortController().signal
const TEMPLATE = { namedTemplates: { rerank: '<{query}|{document}>' } }

describe('a model with a template for reranking', () => {
  test('reads query and document in it, whatever they say', async () => {
    const { runner, texts } = characters(0)
    await rerankDocuments(job(TEMPLATE, 'a {document}', '{query}', '$&'), runner, signal)
    expect(texts).toEqual(['<a {document}|{query}>', '<a {document}|$&>'])
  })

  test('gets a long document without its end', async () => {
    const { runner, texts } = characters(0, 10)
    await rerankDocuments(job(TEMPLATE, 'abc', '0123456789'), runner, signal)
    expect(texts).toEqual(['<abc|0123>'])
  })

  test('does not get a query that is too long alone', async () => {
    const { runner } = characters(0, 10)
    const answer = rerankDocuments(job(TEMPLATE, 'abcdefghijk', 'x'), runner, signal)
    await expect(answer).rejects.toMatchObject({ code: 'context_overflow' })
  })
})

test.each([
  ['bert', 2, 1 / (1 + Math.exp(-2))],
  ['qwen3', 0.75, 0.75],
])('a score of %s is a probability in the end', async (architecture, raw, probability) => {
  const { runner } = characters(raw)
  const { scores } = await rerankDocuments(job({ architecture }, 'q', 'd'), runner, signal)
  expect(scores).toEqual([{ raw, probability }])
})

test('a score that is no number is refused', async () => {
  const { runner } = characters(NaN)
  const answer = rerankDocuments(job({}, 'q', 'd'), runner, signal)
  await expect(answer).rejects.toMatchObject({ code: 'bad_embedding' })
})
