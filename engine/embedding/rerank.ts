import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { inGroups, inputTooLong, mostTokens } from './input-tokens.ts'
import type { Reranking, RerankJob } from './types.ts'

/** Heads whose score llama.cpp puts through a softmax already (src/llama-graph.cpp, build_pooling). */
const GIVES_PROBABILITY = new Set(['qwen3', 'qwen3vl'])

/** Scores a job's documents on a runner, all or none. Throws EngineError, see Engine.rerank. */
export async function rerankDocuments(
  job: RerankJob,
  runner: Runner,
  signal: AbortSignal,
): Promise<Pick<Reranking, 'scores' | 'promptTokens'>> {
  const { facts } = job.model
  const template = facts?.namedTemplates.rerank
  const query = await runner.tokenize(job.query, { special: false, bos: false })
  let promptTokens = 0
  const raw = await inGroups(job.documents, signal, async (documents) => {
    if (runner.rerank === undefined) {
      throw new EngineError('unsupported', `"${job.rawName}" does not support reranking`)
    }
    const write = (document: string) =>
      template === undefined
        ? pairTokens(runner, query, document)
        : templateTokens(runner, template, job.query, document)
    const inputs = await Promise.all(documents.map(write))
    for (const tokens of inputs) promptTokens += tokens.length
    return runner.rerank(inputs, signal)
  })
  const isProbability = GIVES_PROBABILITY.has(facts?.architecture ?? '')
  return { scores: raw.map((score) => toScore(score, isProbability)), promptTokens }
}

function toScore(raw: number, isProbability: boolean): Reranking['scores'][number] {
  if (!Number.isFinite(raw)) throw new EngineError('bad_embedding', 'score contains NaN or Inf values')
  return { raw, probability: isProbability ? raw : 1 / (1 + Math.exp(-raw)) }
}

/** Query and document with what the vocabulary puts around them; the end of a long document is left out. */
async function pairTokens(runner: Runner, query: readonly number[], document: string): Promise<number[]> {
  const { before = [], between = [], after = [] } = runner.info.embedding?.pair ?? {}
  const tokens = await runner.tokenize(document, { special: false, bos: false })
  const around = before.length + query.length + between.length + after.length
  const room = mostTokens(runner) - around
  // A query that leaves no room for documents could only compare itself with nothing.
  if (room < 1 && tokens.length > room) throw inputTooLong(around + tokens.length, mostTokens(runner))
  return [...before, ...query, ...between, ...tokens.slice(0, room), ...after]
}

/** How often a document is shortened: its tokens inside the template may be a few more than alone. */
const ATTEMPTS = 3

/** The model's own template for reranking, filled in (llama.cpp tools/server/server-common.cpp). */
async function templateTokens(
  runner: Runner,
  template: string,
  query: string,
  document: string,
): Promise<number[]> {
  const write = (text: string) =>
    runner.tokenize(filled(template, query, text), { special: true, bos: false })
  const most = mostTokens(runner)
  let text = document
  let tokens = await write(text)
  for (let attempt = 0; tokens.length > most && attempt < ATTEMPTS; attempt++) {
    const kept = await runner.tokenize(text, { special: false, bos: false })
    text = await runner.detokenize(kept.slice(0, Math.max(0, kept.length - (tokens.length - most))))
    tokens = await write(text)
  }
  if (tokens.length > most) throw inputTooLong(tokens.length, most)
  return tokens
}

/** In one pass: what a query or document says is never taken for a place to fill in. */
const filled = (template: string, query: string, document: string): string =>
  template.replace(/\{query\}|\{document\}/g, (place) => (place === '{query}' ? query : document))
