import { quoted, refused } from '../refuse.ts'

/** enum llama_token_type of llama.cpp; SentencePiece's model counts its pieces' types the same way. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** Far beyond every vocabulary in use. */
export const MAX_TOKENS = 2 ** 22

export interface Token {
  text: string
  type: number
  /** Only SentencePiece's vocabularies have them. */
  score?: number
}

/** What an embedding has rows for and no text names, as llama.cpp's converter writes it. */
const padding = (id: number): Token => ({ text: `[PAD${id}]`, type: TOKEN_TYPE.unused, score: PADDING_SCORE })
const PADDING_SCORE = -10_000

/** A token that a tokenizer knows beside its model's vocabulary. */
export interface AddedToken {
  id: number
  content: string
  special: boolean
}

/**
 * One token for each row of the embedding: the vocabulary, tokens added to it or instead of what it has, and padding.
 * Throws EngineError `convert_failed` for a vocabulary with more than `rows`, and for a text that stands for two tokens,
 * which llama.cpp does not load. Added tokens without a row are left out: the model could not read them.
 */
export function tokenList(
  base: ReadonlyMap<number, Token>,
  added: readonly AddedToken[],
  rows: number,
): Token[] {
  const beyond = [...base.keys()].find((id) => id >= rows)
  if (beyond !== undefined)
    throw refused(`the tokenizer has a token ${beyond}, the embedding only ${rows} rows`)
  const tokens = Array.from({ length: rows }, (_, id) => base.get(id) ?? padding(id))
  for (const { id, ...token } of added) if (id < rows) tokens[id] = addedToken(token)
  const seen = new Set<string>()
  for (const { text } of tokens) {
    if (seen.has(text)) throw refused(`the tokenizer has two tokens with the text ${quoted(text)}`)
    seen.add(text)
  }
  return tokens
}

/** Below every score of a vocabulary: added tokens are found as a whole before any merging. */
const ADDED_SCORE = -1000

function addedToken({ content, special }: Omit<AddedToken, 'id'>): Token {
  if (special || looksSpecial(content)) {
    return { text: content, type: TOKEN_TYPE.control, score: ADDED_SCORE }
  }
  return { text: unescaped(content), type: TOKEN_TYPE.userDefined, score: ADDED_SCORE }
}

/** llama.cpp looks for these tokens in text whose spaces are still spaces. */
export const unescaped = (text: string): string => text.replaceAll('\u2581', ' ')

/** Tokens that some makers forget to mark (llama.cpp conversion/base.py, `does_token_look_special`). */
function looksSpecial(text: string): boolean {
  return /^(<\|.*\|>|<｜.*｜>|<unused.*>|<pad>|<mask>|<2mass>|\[@BOS@\])$/s.test(text)
}
