import { GgufError } from './error.ts'
import type { GgufArray, GgufHeader, GgufValue, GgufValueType } from './types.ts'

/** Four times the biggest in use: llama.cpp keeps a hundred bytes and more for every token. */
const MAX_TOKENS = 1024 * 1024

type Metadata = GgufHeader['metadata']

/** Throws GgufError for a vocabulary that llama.cpp would read past the end of, or end its process over. */
export function checkVocabulary(metadata: Metadata, architecture: string): void {
  const tokens = arrayOf(metadata, 'tokenizer.ggml.tokens', ['string'])
  const count = tokens?.length ?? 0
  const sizeKey = `${architecture}.vocab_size`
  const size = metadata.get(sizeKey)
  for (const [key, length] of [
    ['tokenizer.ggml.tokens', count],
    [sizeKey, size ?? 0],
  ] as const) {
    if (typeof length !== 'number' || length > MAX_TOKENS) {
      throw new GgufError(`${key} is ${String(length)}, not a number of tokens up to ${MAX_TOKENS}`)
    }
  }
  const perToken: [string, GgufArray | undefined][] = [
    ['tokenizer.ggml.scores', arrayOf(metadata, 'tokenizer.ggml.scores', ['float32', 'int32'])],
    ['tokenizer.ggml.token_type', arrayOf(metadata, 'tokenizer.ggml.token_type', ['int32', 'uint32'])],
  ]
  for (const [key, values] of perToken) {
    if (values !== undefined && values.length < count) {
      throw new GgufError(`${key} has ${values.length} values for ${count} tokens`)
    }
  }
  arrayOf(metadata, 'tokenizer.ggml.merges', ['string'])
  arrayOf(metadata, 'tokenizer.ggml.precompiled_charsmap', ['int8', 'uint8'])
  arrayOf(metadata, 'tokenizer.ggml.suppress_tokens', ['int32'])
  if (tokens !== undefined) checkRepeated(tokens)
}

function arrayOf(metadata: Metadata, key: string, types: readonly GgufValueType[]): GgufArray | undefined {
  const value: GgufValue | undefined = metadata.get(key)
  if (value === undefined) return undefined
  if (typeof value !== 'object' || !types.includes(value.elementType)) {
    throw new GgufError(`${key} is not an array of ${types.join(' or ')}`)
  }
  return value
}

/** Two tokens with one text end the process. An empty one is called `[EMPTY_<id>]`. */
function checkRepeated(tokens: GgufArray): void {
  const seen = new Set<string>()
  let id = 0
  for (const bytes of tokens.rawTexts()) {
    // Not all tokens are UTF-8, and latin1 keeps bytes apart.
    const text = bytes.length === 0 ? `[EMPTY_${id}]` : bytes.toString('latin1')
    if (seen.has(text)) {
      const shown = JSON.stringify(bytes.subarray(0, 100).toString())
      throw new GgufError(`tokenizer.ggml.tokens has ${shown} twice, again as token ${id}`)
    }
    seen.add(text)
    id += 1
  }
}
