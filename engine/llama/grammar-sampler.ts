import type { SamplingOptions } from '../model-options.ts'
import type { NativeModel } from './native-model.ts'
import { createSampler, type Sampler } from './sampler.ts'
import { BETWEEN_CHARACTERS, type Utf8State, utf8After } from './utf8.ts'

/** Tokens one place may offer in vain; the next one is taken as it is. */
const MAX_TRIES = 200

/**
 * A sampler under a grammar that sees what the client will see. llama.cpp's does not quite: it reads bytes loosely, so
 * that a character written in more bytes than it needs counts as one, where others see several broken ones; and it
 * reads control tokens by their name, where nothing is shown. Strings would be longer or shorter than the grammar says.
 * Such a token is taken back: the chain is made anew, gets the tokens it chose before, and chooses without that one.
 * `textOf` gives the bytes a token is shown as.
 */
export function createGrammarSampler(
  model: NativeModel,
  options: SamplingOptions,
  grammar: string,
  prompt: readonly number[],
  textOf: (token: number) => Uint8Array,
): Sampler {
  const isEnd = (token: number) => model.library.isEndOfGeneration(model.vocabulary, token)
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

  /** Undefined when the token must not be taken. */
  function after(token: number): Utf8State | undefined {
    const bytes = textOf(token)
    return bytes.length === 0 && !isEnd(token) ? undefined : utf8After(state, bytes)
  }

  function keep(token: number, next: Utf8State): number {
    state = next
    chosen.push(token)
    return token
  }

  return {
    sample(row, wanted) {
      const banned: number[] = []
      for (;;) {
        const token = sampler.sample(row, banned.length === 0 ? wanted : undefined)
        const next = after(token)
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
      keep(token, after(token) ?? BETWEEN_CHARACTERS)
    },
    close: () => sampler.close(),
  }
}
