import { EngineError } from '../errors.ts'
import type { Message } from '../types.ts'

/**
 * Drops messages from the front until the rest fits (ollama server/prompt.go): system messages stay and move to
 * the front, the last message always stays. `count` gives the tokens of a conversation; it is asked about
 * log2(messages) times, since dropping more never makes a prompt longer.
 */
export async function fitMessages(
  messages: readonly Message[],
  limit: number,
  count: (messages: readonly Message[]) => Promise<number>,
): Promise<readonly Message[]> {
  if (messages.length < 2 || (await count(messages)) <= limit) return messages
  let least = 1
  let most = messages.length - 1
  while (least < most) {
    const middle = Math.floor((least + most) / 2)
    if ((await count(without(messages, middle))) <= limit) most = middle
    else least = middle + 1
  }
  return without(messages, least)
}

/** The conversation without its first `dropped` messages, whose system messages stay. */
const without = (messages: readonly Message[], dropped: number): Message[] => [
  ...messages.slice(0, dropped).filter((message) => message.role === 'system'),
  ...messages.slice(dropped),
]

export interface TokenLimit {
  contextLength: number
  /** Tokens kept at the front; negative keeps as much as possible. */
  keep: number
  /** Cut the middle out; otherwise a prompt that is too long is an error. */
  shift: boolean
  /** Dropping whole messages was allowed and did not help. */
  truncate: boolean
}

/** Part of the context a cut prompt leaves alone at its front, so that something can follow it. */
const ROOM_AFTER_KEPT = 4

/**
 * Makes a prompt leave room for at least one token. The middle is cut out so that about half of what follows
 * the kept beginning stays free (llama-server). Throws EngineError `context_overflow` with both counts.
 */
export function fitTokens(tokens: readonly number[], limit: TokenLimit): readonly number[] {
  const { contextLength, keep, shift, truncate } = limit
  if (tokens.length < contextLength) return tokens
  if (!shift) throw overflow(tokens.length, contextLength, truncate)
  const kept = Math.max(0, Math.min(keep < 0 ? tokens.length : keep, contextLength - ROOM_AFTER_KEPT))
  const block = Math.max(1, Math.floor((contextLength - kept) / 2))
  const erased = Math.floor((tokens.length - kept - block) / block) * block
  const rest = tokens.slice(kept + erased)
  // A window of a few tokens leaves no whole block to drop.
  return [...tokens.slice(0, kept), ...rest.slice(-Math.min(rest.length, contextLength - kept - 1))]
}

function overflow(promptTokens: number, contextLength: number, truncate: boolean): EngineError {
  const message = truncate
    ? 'the prompt is longer than the context length currently available to the model; shorten the prompt, ' +
      'adjust the context length in settings, or use a model with a longer context length'
    : `request (${promptTokens} tokens) exceeds the available context size (${contextLength} tokens), ` +
      'try increasing it'
  return new EngineError('context_overflow', message, { details: { promptTokens, contextLength } })
}
