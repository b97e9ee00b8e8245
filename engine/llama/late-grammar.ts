import type { SamplingOptions } from '../model-options.ts'
import { literal } from '../prompt/grammar/gbnf.ts'
import { BEHIND_TAG } from '../prompt/grammar.ts'
import type { LateGrammar } from '../prompt/job-grammar.ts'
import { heldBack } from '../prompt/partial-tag.ts'
import { thoughtWatch } from '../prompt/thought-watch.ts'
import { createGrammarSampler } from './grammar-sampler.ts'
import type { NativeModel } from './native-model.ts'
import { createSampler, type Sampler } from './sampler.ts'

/**
 * A sampler that is free until a token completes the tag. That token is taken back before anybody has seen it, and
 * chosen anew under the grammar of the rest of the tag and what follows it. So the grammar never gets a token that it
 * did not choose itself, however the tag is cut into tokens: llama.cpp's own lazy grammars are fed the token that woke
 * them, and throw when it holds a character too much.
 */
export function createLateSampler(
  model: NativeModel,
  options: SamplingOptions,
  late: LateGrammar,
  prompt: readonly number[],
  textOf: (token: number) => Uint8Array,
): Sampler {
  let sampler = createSampler(model, options, undefined, prompt)
  const watch = tagWatch(late)
  const sampled: number[] = []
  let isWaiting = true
  return {
    sample(row, wanted) {
      const token = sampler.sample(row, wanted)
      if (!isWaiting) return token
      const opening = watch(Buffer.from(textOf(token)).toString())
      if (opening === undefined) {
        sampled.push(token)
        return token
      }
      isWaiting = false
      const grammar = behind(opening, late.grammar)
      const armed = createGrammarSampler(model, options, grammar, [...prompt, ...sampled], textOf)
      sampler.close()
      sampler = armed
      return sampler.sample(row)
    },
    accept: (token) => sampler.accept(token),
    close: () => sampler.close(),
  }
}

/** The grammar with a text before it. */
function behind(text: string, grammar: string): string {
  return `root ::= ${literal(text)} ${BEHIND_TAG}\n${grammar.replace(/^root/, BEHIND_TAG)}`
}

/**
 * Looks for the tag in a growing text, outside of a leading thought. Gives undefined until a piece completes it, then
 * that piece up to the end of the tag. The tag is whole characters; bytes of others that are cut do not matter.
 */
export function tagWatch({
  tag,
  thought,
}: Pick<LateGrammar, 'tag' | 'thought'>): (piece: string) => string | undefined {
  const behindThought = thoughtWatch(thought)
  /** The end of the answer, as far as it may be the beginning of the tag. */
  let held = ''

  return (piece) => {
    const answer = behindThought.push(piece)
    if (answer === undefined) return undefined
    const text = held + answer
    const at = text.indexOf(tag)
    if (at < 0) {
      held = text.slice(text.length - heldBack(text, tag))
      return undefined
    }
    const behindTag = text.length - at - tag.length
    return piece.slice(0, piece.length - behindTag)
  }
}
