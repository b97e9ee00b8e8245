import { z } from 'zod'
import { type Metadata, text } from '../metadata.ts'
import { excerpt, refused } from '../refuse.ts'
import { preTokenizerName } from './pre-tokenizer.ts'
import { type AddedToken, TOKEN_TYPE, type Token, tokenList } from './token-list.ts'
import type { TokenizerJson } from './tokenizer-json.ts'

const Normalizer = z.object({ type: z.string() })

/**
 * The vocabulary of a byte-level BPE tokenizer: tokens for `rows` rows of the embedding, and what GGUF says of them.
 * Throws EngineError `convert_failed` for one that llama.cpp does not know.
 */
export function byteLevelVocabulary(
  json: TokenizerJson,
  added: readonly AddedToken[],
  rows: number,
): { tokens: Token[]; metadata: Metadata } {
  refuseNormalizer(json.normalizer)
  const pre = preTokenizerName(json.preTokenizer, json.ignoreMerges)
  const base = new Map<number, Token>()
  for (const [token, id] of json.vocabulary) base.set(id, { text: token, type: TOKEN_TYPE.normal })
  return {
    tokens: tokenList(base, added, rows),
    metadata: [
      ['tokenizer.ggml.model', text('gpt2')],
      ['tokenizer.ggml.pre', text(pre)],
      [
        'tokenizer.ggml.merges',
        {
          type: 'array',
          value: { of: 'string', items: json.merges.map((pair) => pair.map(spaceless).join(' ')) },
        },
      ],
    ],
  }
}

/** The byte-level alphabet writes a space as Ġ; a bare one would end the first half of a merge. */
const spaceless = (part: string) => part.replaceAll(' ', 'Ġ')

/** llama.cpp takes text as it is; composed characters, which Qwen asks for, are what everybody types. */
function refuseNormalizer(normalizer: unknown): void {
  if (normalizer === undefined) return
  const { data } = Normalizer.safeParse(normalizer)
  if (data?.type === 'NFC') return
  throw refused(`tokenizer.json: the normalizer ${excerpt(normalizer)} cannot be converted`)
}
