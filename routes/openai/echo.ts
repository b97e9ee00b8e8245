import type { PromptToken } from '../../engine/types.ts'
import { charactersBegun } from './legacy-logprobs.ts'

/** What a choice of a text completion shows of its prompt. */
export interface Echo {
  /** Undefined for a prompt of tokens: its text comes with their scores. */
  text: string | undefined
}

/** The text of a prompt's tokens, piece by piece: characters may be split over pieces. */
export function echoDecoder(): (tokens: readonly PromptToken[]) => string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return (tokens) => decoder.decode(bytesOf(tokens), { stream: true })
}

/** More bytes than tokenizers put before a text: a token that begins it, a space. */
const MOST_ADDED = 64

/**
 * Where a prompt's first tokens begin in its text, in characters: 0, or negative when the tokenizer has put
 * something before the text, such as a begin-of-text token or a space.
 */
export function echoOffset(tokens: readonly PromptToken[], text: string | undefined): number {
  if (text === undefined) return 0
  const written = bytesOf(tokens)
  const asked = Buffer.from(text)
  // Of a text that says something, some of it is among its first tokens.
  const most = asked.length === 0 ? written.length : written.length - 1
  for (let added = 0; added <= Math.min(MOST_ADDED, most); added++) {
    const rest = written.subarray(added)
    if (asked.subarray(0, rest.length).equals(rest))
      return 0 - charactersBegun([...written.subarray(0, added)])
  }
  return 0
}

const bytesOf = (tokens: readonly PromptToken[]): Buffer => Buffer.from(tokens.flatMap(({ bytes }) => bytes))
