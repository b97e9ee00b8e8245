import { ALL_CHARS, type CharSet } from './char-set.ts'
import { spendEffort } from './effort.ts'
import { PatternError, type PatternNode } from './pattern.ts'

/**
 * A pattern as an automaton that may stand in several states at once (Thompson's construction). It matches a whole
 * text when the pattern matches anywhere in it, as ECMAScript's `test` does.
 */
export interface Nfa {
  /** By state: the characters that lead on, and where to. */
  readonly steps: readonly (readonly { set: CharSet; to: number }[])[]
  /** By state: moves that need no character. `start` and `end` only hold there. */
  readonly jumps: readonly (readonly { to: number; at: 'anywhere' | 'start' | 'end' }[])[]
  readonly last: number
}

/** States one pattern may have: repetition is written out. */
const MAX_STATES = 6_000

/** Throws PatternError for looking ahead in the middle, and when the pattern is too large. */
export function nfaOf(pattern: PatternNode): Nfa {
  const steps: { set: CharSet; to: number }[][] = []
  const jumps: { to: number; at: 'anywhere' | 'start' | 'end' }[][] = []

  function state(): number {
    if (steps.length >= MAX_STATES) throw new PatternError('is too large', 'size')
    spendEffort(4)
    jumps.push([])
    return steps.push([]) - 1
  }
  function jump(from: number, to: number, at: 'anywhere' | 'start' | 'end' = 'anywhere'): number {
    jumps[from]?.push({ to, at })
    return to
  }
  function step(from: number, set: CharSet, to: number): number {
    steps[from]?.push({ set, to })
    return to
  }

  /** Adds what matches a node behind a state, and returns where it ends. */
  function add(node: PatternNode, from: number): number {
    switch (node.type) {
      case 'chars':
        return step(from, node.set, state())
      case 'sequence':
        return node.items.reduce((at, item) => add(item, at), from)
      case 'choice': {
        const end = state()
        for (const option of node.options) jump(add(option, jump(from, state())), end)
        return end
      }
      case 'repeat':
        return repeated(node.item, node.min, node.max, from)
      case 'start':
      case 'end':
        return jump(from, state(), node.type)
      case 'look':
        throw new PatternError('uses an assertion in the middle')
    }
  }

  function repeated(item: PatternNode, min: number, max: number | undefined, from: number): number {
    if (Math.max(min, max ?? 0) > MAX_STATES) throw new PatternError('is too large', 'size')
    let at = from
    for (let i = 0; i < min; i++) at = add(item, at)
    if (max === undefined) {
      const loop = jump(at, state())
      jump(add(item, loop), loop)
      return jump(loop, state())
    }
    const end = state()
    for (let i = min; i < max; i++) {
      jump(at, end)
      at = add(item, at)
    }
    return jump(at, end)
  }

  const first = state()
  step(first, ALL_CHARS, first)
  const last = add(pattern, jump(first, state()))
  step(last, ALL_CHARS, last)
  return { steps, jumps, last }
}
