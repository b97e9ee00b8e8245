/** One answer to generate: the prompt as it is, and exactly this many tokens. */
export interface Ask {
  prompt: string
  tokens: number
}

/** When the tokens of an answer came, in milliseconds after the asking, on the clock of whoever asked. */
export interface Stream {
  arrivals: number[]
}

/** A program that generates. Greedy everywhere; several asks at once are one batch where it can. */
export interface Contestant {
  name: string
  /** Which program, which version. */
  about: string
  /** Asks everything at the same moment; resolves when the last token of all has come. */
  run(asks: readonly Ask[]): Promise<Stream[]>
  /**
   * Asks for `abandoned`, hangs up after `afterMs`, and asks for `next` at once. Milliseconds from hanging up
   * to the first token of `next`; NaN when the abandoned answer had already ended.
   */
  abort(abandoned: Ask, afterMs: number, next: Ask): Promise<number>
  /** The process whose tree does the work. */
  pid: number
  stop(): Promise<void>
}

/** What is the same for all. */
export interface Conditions {
  modelPath: string
  threads: number
  /** Streams at the same time. */
  slots: number
  /** Tokens a stream may hold. */
  contextLength: number
}

/** llama.cpp's own default, and what Snug takes; tokens of one decode step. */
export const BATCH_TOKENS = 512

/** Everybody's cells for everybody's streams. */
export const totalContext = ({ slots, contextLength }: Conditions): number => slots * contextLength
