import { z } from 'zod'
import { maybe, readJson, type SourceFiles } from '../json-file.ts'
import { quoted, refused } from '../refuse.ts'
import { type AddedToken, MAX_TOKENS } from './token-list.ts'

/** Merges of the largest vocabularies: 515,000. */
const MAX_MERGES = 2 ** 22

const Added = z.object({
  id: z.number().int().nonnegative(),
  content: z.string().min(1),
  special: maybe(z.boolean()),
})
/** tokenizer.json of the tokenizers library; the vocabulary and merges are checked one by one and not by zod. */
const TokenizerFile = z.object({
  added_tokens: maybe(z.array(Added).max(MAX_TOKENS)),
  normalizer: maybe(z.unknown()),
  pre_tokenizer: maybe(z.unknown()),
  post_processor: maybe(z.unknown()),
  model: z.object({
    type: maybe(z.string()),
    vocab: maybe(z.unknown()),
    merges: maybe(z.unknown()),
    byte_fallback: maybe(z.boolean()),
    ignore_merges: maybe(z.boolean()),
    continuing_subword_prefix: maybe(z.string()),
    end_of_word_suffix: maybe(z.string()),
  }),
})

/** A tokenizer.json whose model is BPE. */
export interface TokenizerJson {
  /** Ids of the model's own tokens, by text. */
  vocabulary: ReadonlyMap<string, number>
  /** The most important first. */
  merges: readonly (readonly [left: string, right: string])[]
  added: readonly AddedToken[]
  byteFallback: boolean
  ignoreMerges: boolean
  normalizer: unknown
  preTokenizer: unknown
  postProcessor: unknown
}

/** Reads tokenizer.json. Throws EngineError `convert_failed` for another kind of tokenizer and for a broken one. */
export async function readTokenizerJson(files: SourceFiles): Promise<TokenizerJson | undefined> {
  const file = await readJson(files, 'tokenizer.json', TokenizerFile)
  if (file === undefined) return undefined
  const { model } = file
  // Old files leave the type out; only BPE has merges.
  const type = model.type ?? (Array.isArray(model.merges) ? 'BPE' : 'unknown')
  if (type !== 'BPE')
    throw refused(`tokenizer.json: a tokenizer of the type ${quoted(type)} cannot be converted`)
  if (model.continuing_subword_prefix || model.end_of_word_suffix) {
    throw refused('tokenizer.json: prefixes or suffixes of subwords cannot be converted')
  }
  const vocabulary = vocabularyOf(model.vocab)
  return {
    vocabulary,
    merges: mergesOf(model.merges, vocabulary),
    added: (file.added_tokens ?? []).map(({ special = false, ...token }) => ({ ...token, special })),
    byteFallback: model.byte_fallback ?? false,
    ignoreMerges: model.ignore_merges ?? false,
    normalizer: file.normalizer,
    preTokenizer: file.pre_tokenizer,
    postProcessor: file.post_processor,
  }
}

function vocabularyOf(value: unknown): Map<string, number> {
  if (typeof value !== 'object' || value === null) throw refused('tokenizer.json: the vocabulary is missing')
  const vocabulary = new Map<string, number>()
  const ids = new Set<number>()
  for (const [text, id] of Object.entries(value)) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= MAX_TOKENS || ids.has(id)) {
      throw refused(`tokenizer.json: token ${quoted(text)} cannot have the id ${quoted(String(id))}`)
    }
    ids.add(id)
    vocabulary.set(text, id)
  }
  return vocabulary
}

/** Merges are texts with a space in the middle or, in newer files, pairs. */
function mergesOf(value: unknown, vocabulary: ReadonlyMap<string, number>): (readonly [string, string])[] {
  if (!Array.isArray(value)) throw refused('tokenizer.json: the merges are missing')
  if (value.length > MAX_MERGES)
    throw refused(`tokenizer.json: ${value.length} merges are more than are read`)
  return value.map((merge: unknown, rank) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    const [left, right] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : []
    if (typeof left !== 'string' || typeof right !== 'string') {
      throw refused(`tokenizer.json: merge ${rank} is neither a pair nor a text with one space`)
    }
    for (const text of [left, right, left + right]) {
      if (!vocabulary.has(text))
        throw refused(`tokenizer.json: merge ${rank} has ${quoted(text)}, which is no token`)
    }
    return [left, right]
  })
}
