import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Reranking, RerankJob } from '../../engine/embedding/types.ts'
import { parseOptions } from '../../engine/options.ts'
import { askerOf } from '../wire/asker.ts'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'
import { announceChoice, jobSignal } from '../wire/run-job.ts'
import { summarise } from '../wire/vectors.ts'
import { newHead } from './head.ts'
import { jobFields, KeepAlive } from './job-fields.ts'
import { findForEmbedding } from './lookup.ts'

const NOT_A_LIST = 'must be a non-empty list of texts'

const Text = z.union([z.string(), z.object({ text: z.string() }).transform(({ text }) => text)])

const Texts = (field: string) =>
  maybe(z.array(z.unknown(), `'${field}' ${NOT_A_LIST}`)).transform((value, context) => {
    const texts = z.array(Text).safeParse(value ?? [])
    if (value === undefined || (texts.success && texts.data.length > 0)) return texts.data ?? []
    context.addIssue({ code: 'custom', message: `'${field}' ${NOT_A_LIST}` })
    return z.NEVER
  })

/** The body of every rerank endpoint: that of Jina and Cohere, or with `texts` that of TEI. */
export const RerankRequest = z
  .object({
    model: jobFields.model,
    query: z.string("'query' must be a text"),
    documents: Texts('documents').describe('Texts, or objects with a `text`'),
    texts: Texts('texts').describe('In place of `documents`: answers with a bare list'),
    top_n: maybe(z.int().min(1)).describe('Best results to answer with; all when absent'),
    return_documents: maybe(z.boolean()),
    return_text: maybe(z.boolean()),
    raw_scores: maybe(z.boolean()).describe('Extension: what the model says, not brought to 0…1'),
    keep_alive: KeepAlive.describe('Extension: how long to keep the model loaded'),
    options: jobFields.options,
  })
  .meta({ id: 'RerankRequest' })
export type RerankRequest = z.infer<typeof RerankRequest>

interface Ranked {
  index: number
  score: number
  text: string
}

/** POST /rerank, /reranking, with and without /v1 and /v2. */
export async function rerank(body: RerankRequest, reply: FastifyReply) {
  // Before the first wait: a client that leaves meanwhile would go unnoticed.
  const signal = jobSignal(reply)
  const isTei = body.documents.length === 0 && body.texts.length > 0
  const documents = isTei ? body.texts : body.documents
  if (documents.length === 0) throw new RequestError(400, `'documents' ${NOT_A_LIST}`, 'documents')
  const model = await findForEmbedding(reply.server, body.model)
  const job: RerankJob = {
    ...askerOf(reply),
    model,
    rawName: body.model,
    query: body.query,
    documents,
    options: parseOptions(body.options ?? {}),
    keepAliveMs: body.keep_alive,
  }
  announceChoice(reply, job)
  const result = await reply.server.engine.rerank(job, signal)
  summarise(reply, model, result)
  const ranked = rank(result, documents, body)
  return isTei ? toTei(ranked, body) : toReply(ranked, body, result.promptTokens)
}

/** Best first; of equals the one that came first. */
function rank({ scores }: Reranking, documents: readonly string[], body: RerankRequest): Ranked[] {
  const all = scores.map(({ raw, probability }, index) => ({
    index,
    score: body.raw_scores ? raw : probability,
    text: documents[index] ?? '',
  }))
  return all.toSorted((a, b) => b.score - a.score).slice(0, body.top_n)
}

const toTei = (ranked: readonly Ranked[], { return_text }: RerankRequest) =>
  ranked.map(({ index, score, text }) => ({ index, score, ...(return_text ? { text } : {}) }))

function toReply(ranked: readonly Ranked[], body: RerankRequest, promptTokens: number) {
  const { id, object, model } = newHead('rerank', 'list', body.model)
  return {
    id,
    object,
    model,
    results: ranked.map(({ index, score, text }) => ({
      index,
      relevance_score: score,
      ...(body.return_documents ? { document: { text } } : {}),
    })),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    meta: { billed_units: { total_tokens: promptTokens } },
  }
}
