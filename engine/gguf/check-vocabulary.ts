import { checkDistinct } from './check-distinct.ts'
import { checkSpecialTokens } from './check-special-tokens.ts'
import { GgufError } from './error.ts'
import type { GgufArray, GgufHeader, GgufValue, GgufValueType } from './types.ts'

/** Four times the biggest in use: llama.cpp keeps a hundred bytes and more for every token. */
const MAX_TOKENS = 1024 * 1024

/** LLAMA_TOKEN_TYPE_BYTE in llama.cpp include/llama.h. */
const BYTE_TYPE = 6
const BYTE_TEXT = '<0x00>'

type Metadata = GgufHeader['metadata']

/** Throws GgufError for a vocabulary that llama.cpp would read past the end of, or end its process over. */
export function checkVocabulary(metadata: Metadata, architecture: string): void {
  const tokens = arrayOf(metadata, 'tokenizer.ggml.tokens', ['string'])
  const count = tokens?.length ?? 0
  if (count > MAX_TOKENS) {
    throw new GgufError(
      `tokenizer.ggml.tokens has ${count} tokens, more than the ${MAX_TOKENS} that are read`,
    )
  }
  checkSize(metadata.get(`${architecture}.vocab_size`), `${architecture}.vocab_size`)
  const scores = arrayOf(metadata, 'tokenizer.ggml.scores', ['float32', 'int32'])
  const types = arrayOf(metadata, 'tokenizer.ggml.token_type', ['int32', 'uint32'])
  for (const [key, values] of Object.entries({ scores, token_type: types })) {
    if (values !== undefined && values.length < count) {
      throw new GgufError(`tokenizer.ggml.${key} has ${values.length} values for ${count} tokens`)
    }
  }
  arrayOf(metadata, 'tokenizer.ggml.merges', ['string'])
  arrayOf(metadata, 'tokenizer.ggml.precompiled_charsmap', ['int8', 'uint8'])
  arrayOf(metadata, 'tokenizer.ggml.suppress_tokens', ['int32'])
  if (tokens === undefined) return
  checkDistinct(tokens)
  if (types !== undefined) checkBytes(tokens, types, metadata.get('tokenizer.ggml.model'))
  checkSpecialTokens(metadata, count)
}

function checkSize(size: GgufValue | undefined, what: string): void {
  if (size === undefined) return
  if (typeof size !== 'number' && typeof size !== 'bigint') throw new GgufError(`${what} is not a number`)
  if (typeof size === 'bigint' || !Number.isInteger(size) || size < 0 || size > MAX_TOKENS) {
    throw new GgufError(`${what} is ${size}, not a number of tokens up to ${MAX_TOKENS}`)
  }
}

function arrayOf(metadata: Metadata, key: string, types: readonly GgufValueType[]): GgufArray | undefined {
  const value: GgufValue | undefined = metadata.get(key)
  if (value === undefined) return undefined
  if (typeof value !== 'object' || !types.includes(value.elementType)) {
    throw new GgufError(`${key} is not an array of ${types.join(' or ')}`)
  }
  return value
}

/** A token that stands for a byte says which one in its text; WordPiece has none. Anything else ends the process. */
function checkBytes(tokens: GgufArray, types: GgufArray, tokenizer: GgufValue | undefined): void {
  tokens.forEachText((_, start, end, id) => {
    if (types.at(id) === BYTE_TYPE && (end - start < BYTE_TEXT.length || tokenizer === 'bert')) {
      throw new GgufError(
        `tokenizer.ggml.token_type says that token ${id} is a byte, but it has no text like ${BYTE_TEXT}`,
      )
    }
  })
}
