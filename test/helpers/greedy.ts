import type { StopReason } from '../../engine/types.ts'

export const GREEDY_FILE = new URL('../fixtures/snug-tiny/greedy.json', import.meta.url)

/** The length at which an answer is cut off. */
export const GREEDY_TOKENS = 32

/** What llama.cpp answered greedily, as test/scripts/record-greedy.ts wrote it down. */
export interface GreedyFixture {
  description: string
  /** SHA-256 of the weights that answered. */
  weights: string
  answers: GreedyAnswer[]
}

export interface GreedyAnswer {
  prompt: string
  promptTokens: number
  /** Without the one that ends the answer. */
  tokens: number[]
  reason: StopReason
  /** Smallest distance between the probabilities of the two likeliest tokens. */
  gap: number
}
