import type { SamplingOptions } from '../types.ts'
import type { NativeModel } from './native-model.ts'
import { createSampler, type Sampler } from './sampler.ts'
import { BETWEEN_CHARACTERS, type Utf8State, utf8After } from './utf8.ts'

/** Tokens of broken text that one place may offer before the answer is given up. */
const MAX_TRIES = 200

/**
 * A sampler under a grammar whose tokens make valid UTF-8. llama.cpp reads bytes loosely: it takes a character that is
 * written in more bytes than it needs for that character, where everybody else sees several broken ones, and a string
 * would be longer than the grammar says. Such a token is taken back: the chain is made anew, gets the tokens it chose
 * before, and chooses without that one.
 */
export function createGrammarSampler(
  model: NativeModel,
  options: SamplingOptions,
  grammar: string,
  prompt: readonly number[],
): Sampler {
  let sampler = createSampler(model, options, grammar, prompt)
  let state: Utf8State = BETWEEN_CHARACTERS
  const chosen: number[] = []

  function startAgain(banned: readonly number[]): void {
    const logitBias = [
      ...options.logitBias,
      ...banned.map((token) => [token, Number.NEGATIVE_INFINITY] as const),
    ]
    const fresh = createSampler(model, { ...options, logitBias }, grammar, prompt)
    for (const token of chosen) fresh.accept(token)
    sampler.close()
    sampler = fresh
  }

  function keep(token: number, next: Utf8State): number {
    state = next
    chosen.push(token)
    return token
  }

  return {
    sample(row) {
      const banned: number[] = []
      for (;;) {
        const token = sampler.sample(row)
        const next = utf8After(state, model.tokenBytes(token))
        if (next === undefined && banned.length < MAX_TRIES) {
          banned.push(token)
          startAgain(banned)
          continue
        }
        if (banned.length > 0) {
          startAgain([])
          sampler.accept(token)
        }
        return keep(token, next ?? BETWEEN_CHARACTERS)
      }
    },
    accept(token) {
      sampler.accept(token)
      keep(token, utf8After(state, model.tokenBytes(token)) ?? BETWEEN_CHARACTERS)
    },
    close: () => sampler.close(),
  }
}
