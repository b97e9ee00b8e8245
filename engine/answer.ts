import type { RunnerEvent } from './backend.ts'
import type { ChosenToken, EngineEvent, StopReason, ToolCall } from './types.ts'

/** A part of an answer, told apart by what it is. */
export type Piece =
  | { kind: 'thinking'; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'call'; call: ToolCall & { id: string } }

/** Tells the parts of a text apart while it grows; holds back what is not decided yet. */
export interface Parser {
  push(text: string): Piece[]
  /** The text has ended: what was held back is decided now. */
  flush(): Piece[]
}

/** What a finished generation was, beside its pieces. Times in milliseconds. */
export interface Generation {
  reason: StopReason
  promptTokens: number
  cachedTokens: number
  outputTokens: number
  thinkingTokens: number
  promptMs: number
  outputMs: number
  /** Absent when nothing was forgotten. */
  shiftedTokens?: number
  /** Computed ahead of the answer, and of these those that became part of it; absent when there were none. */
  draftedTokens?: number
  acceptedTokens?: number
  tokenIds: number[] | undefined
}

/** `first`'s pieces of text go through `second`; its other pieces pass. */
export function chain(first: Parser, second: Parser): Parser {
  const through = (pieces: Piece[]) =>
    pieces.flatMap((piece) => (piece.kind === 'text' ? second.push(piece.text) : [piece]))
  return {
    push: (text) => through(first.push(text)),
    flush: () => [...through(first.flush()), ...second.flush()],
  }
}

/** Everything is text. */
export const plainText: Parser = {
  push: (text) => (text === '' ? [] : [{ kind: 'text', text }]),
  flush: () => [],
}

/**
 * Turns a runner's events into the engine's, all but the end, which is returned. `oneCall`: generation stops
 * after the first tool call.
 */
export async function* shapeAnswer(
  events: AsyncIterable<RunnerEvent>,
  parser: Parser,
  oneCall: boolean,
): AsyncGenerator<EngineEvent, Generation> {
  const generation: Generation = {
    reason: 'stop',
    promptTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    thinkingTokens: 0,
    promptMs: 0,
    outputMs: 0,
    tokenIds: undefined,
  }
  let calls = 0
  let isThinking = false
  let answerBeganAt = performance.now()
  const toEvents = (pieces: Piece[]) => {
    const firstCall = pieces.findIndex((piece) => piece.kind === 'call')
    const shown = oneCall && firstCall >= 0 ? pieces.slice(0, firstCall + 1) : pieces
    return shown.map((piece) => toEvent(piece, piece.kind === 'call' ? calls++ : 0))
  }
  for await (const event of events) {
    switch (event.type) {
      case 'prompt-tokens':
        yield event
        break
      case 'prompt':
        Object.assign(generation, {
          promptTokens: event.promptTokens,
          cachedTokens: event.cachedTokens,
          promptMs: event.promptMs,
        })
        answerBeganAt = performance.now()
        break
      case 'text': {
        const pieces = parser.push(event.text)
        // Held-back tokens count with the kind that came before them.
        isThinking = pieces.length === 0 ? isThinking : pieces.some((piece) => piece.kind === 'thinking')
        if (isThinking) generation.thinkingTokens += event.tokens
        generation.outputTokens += event.tokens
        yield* withLogprobs(toEvents(pieces), event.logprobs)
        break
      }
      case 'end': {
        yield* toEvents(parser.flush())
        const { type: _, ...ended } = event
        return { ...generation, ...ended }
      }
    }
    if (oneCall && calls > 0) return { ...generation, outputMs: performance.now() - answerBeganAt }
  }
  throw new Error('the runner ended an answer without an end event')
}

function toEvent(piece: Piece, index: number): EngineEvent {
  switch (piece.kind) {
    case 'thinking':
      return { type: 'thinking-delta', text: piece.text }
    case 'text':
      return { type: 'text-delta', text: piece.text }
    case 'call':
      return { type: 'tool-call', index, call: piece.call }
  }
}

/** Log-probabilities ride on the first piece of text; while text is held back they come with none. */
function withLogprobs(events: EngineEvent[], logprobs: ChosenToken[] | undefined): EngineEvent[] {
  if (logprobs === undefined) return events
  const [first, ...rest] = events
  if (first?.type === 'text-delta' || first?.type === 'thinking-delta')
    return [{ ...first, logprobs }, ...rest]
  return [{ type: 'text-delta', text: '', logprobs }, ...events]
}
