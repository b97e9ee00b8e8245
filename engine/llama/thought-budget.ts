import type { ThoughtBudget } from '../backend.ts'
import { thoughtWatch } from '../prompt/thought-watch.ts'
import type { Sampler } from './sampler.ts'

/**
 * Ends a thought that has had its tokens: from there on the tokens of the closing tag are chosen, whatever the model
 * would rather say, unless a grammar refuses one. The opening tag counts as well.
 */
export function withThoughtBudget(
  sampler: Sampler,
  { tokens: most, closing, ...tags }: ThoughtBudget,
  textOf: (token: number) => Uint8Array,
): Sampler {
  const watch = thoughtWatch(tags)
  const due = [...closing]
  let spent = 0
  return {
    ...sampler,
    sample(row) {
      const isSpent = watch.isInside() && spent >= most
      const token = sampler.sample(row, isSpent ? due.shift() : undefined)
      spent += 1
      watch.push(Buffer.from(textOf(token)).toString())
      return token
    },
  }
}
