import { type CharSet, charSet } from './char-set.ts'
import { spendEffort } from './effort.ts'
import type { Nfa } from './nfa.ts'
import { PatternError } from './pattern.ts'

/** What a text must match, or must not. */
export interface Term {
  nfa: Nfa
  isNegated: boolean
}

/** Lengths in characters (code points); an undefined `max` is no bound. */
export interface Lengths {
  min: number
  max: number | undefined
}

/** A deterministic automaton: it is in one state at a time, begins in the first, and each can still reach an end. */
export type Ranges = (readonly [low: number, high: number])[]
export type Automaton = readonly { steps: { set: CharSet; to: number }[]; mayEnd: boolean }[]

/** States an automaton may have, and how many places may be looked at while it is made. */
const MAX_STATES = 4_000
const MAX_WORK = 2_000_000

/** Characters JSON can write in one way: no control characters but those with an escape of their own. */
export const WRITABLE: CharSet = charSet([
  [8, 10],
  [12, 13],
  [0x20, 0x7e],
  [0x80, 0xd7ff],
  [0xe000, 0x10ffff],
])

/** Where every term stands, and how many characters there were. */
interface State {
  places: number[][]
  length: number
}

/**
 * One automaton for texts that match all terms and keep to the lengths. Throws PatternError when there is no such
 * text, or when the automaton grows too large.
 */
export function automatonOf(terms: readonly Term[], lengths: Lengths): Automaton {
  let work = 0
  const known = new Map<string, number>()
  const states: { state: State; steps: Map<number, Ranges>; mayEnd: boolean }[] = []

  function indexOf(state: State): number {
    const key = `${state.length}:${state.places.map((place) => place.join(',')).join(';')}`
    const at = known.get(key)
    if (at !== undefined) return at
    if (states.length >= MAX_STATES) throw new PatternError('is too large to be followed', 'size')
    known.set(key, states.length)
    return states.push({ state, steps: new Map(), mayEnd: mayEnd(state, terms, lengths) }) - 1
  }

  function spend(amount: number): void {
    work += amount
    spendEffort(amount)
    if (work > MAX_WORK) throw new PatternError('is too large to be followed', 'size')
  }

  function next({ places, length }: State, char: number): State | undefined {
    const isFull = lengths.max !== undefined && length >= lengths.max
    if (isFull) return undefined
    const moved = places.map((place, term) => {
      const { nfa } = terms[term] as Term
      const reached = closure(nfa, targets(nfa, place, char), false)
      spend(place.length + reached.length + 1)
      return reached
    })
    const isLost = moved.some((place, term) => place.length === 0 && terms[term]?.isNegated === false)
    if (isLost) return undefined
    // Past the last bound that matters lengths need not be told apart.
    const most = lengths.max ?? Math.max(lengths.min, 1)
    return { places: moved, length: Math.min(length + 1, most) }
  }

  indexOf({ places: terms.map(({ nfa }) => closure(nfa, [0], true)), length: 0 })
  for (let at = 0; at < states.length; at++) {
    const current = states[at]
    if (current === undefined) break
    for (const [low, high] of intervals(current.state, terms, spend)) {
      const target = next(current.state, low)
      if (target === undefined) continue
      const to = indexOf(target)
      const ranges = current.steps.get(to) ?? []
      ranges.push([low, high])
      current.steps.set(to, ranges)
    }
  }
  const living = livingStates(states)
  if (living === undefined) throw new PatternError('leaves no text', 'empty')
  return living
}

/** Whether a text matches. Time grows with the text and the pattern, never faster. */
export function matches(nfa: Nfa, text: string): boolean {
  let place = closure(nfa, [0], true)
  for (const char of text) {
    spendEffort(place.length + 1)
    place = closure(nfa, targets(nfa, place, char.codePointAt(0) ?? 0), false)
  }
  return closure(nfa, place, text === '', true).includes(nfa.last)
}

function mayEnd({ places, length }: State, terms: readonly Term[], { min }: Lengths): boolean {
  return (
    length >= min &&
    terms.every(({ nfa, isNegated }, term) => {
      const ends = closure(nfa, places[term] ?? [], length === 0, true)
      return ends.includes(nfa.last) !== isNegated
    })
  )
}

/** All states reached without a character, sorted. */
function closure(nfa: Nfa, from: readonly number[], isStart: boolean, isEnd = false): number[] {
  const reached = new Set(from)
  const todo = [...from]
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    for (const { to, at } of nfa.jumps[state] ?? []) {
      const holds = at === 'anywhere' || (at === 'start' ? isStart : isEnd)
      if (!holds || reached.has(to)) continue
      reached.add(to)
      todo.push(to)
    }
  }
  return [...reached].sort((a, b) => a - b)
}

function targets({ steps }: Nfa, place: readonly number[], char: number): number[] {
  return place.flatMap((state) =>
    (steps[state] ?? []).filter(({ set }) => has(set, char)).map(({ to }) => to),
  )
}

const has = (set: CharSet, char: number): boolean => set.some(([low, high]) => low <= char && char <= high)

/** Ranges of characters that no term tells apart. */
function intervals(
  { places }: State,
  terms: readonly Term[],
  spend: (amount: number) => void,
): [number, number][] {
  const cuts = new Set<number>()
  for (const [term, place] of places.entries()) {
    for (const state of place) {
      for (const { set } of terms[term]?.nfa.steps[state] ?? []) {
        spend(set.length)
        for (const [low, high] of set) cuts.add(low).add(high + 1)
      }
    }
  }
  const sorted = [...cuts].sort((a, b) => a - b)
  return WRITABLE.flatMap(([low, high]) => {
    const inside = sorted.filter((cut) => cut > low && cut <= high)
    return [low, ...inside].map((from, at): [number, number] => [from, (inside[at] ?? high + 1) - 1])
  })
}

/** The states from which an end can be reached, numbered anew. Undefined when the first is none of them. */
export function livingStates(
  states: readonly { steps: ReadonlyMap<number, Ranges>; mayEnd: boolean }[],
): Automaton | undefined {
  const from = states.map((): number[] => [])
  for (const [at, { steps }] of states.entries()) for (const to of steps.keys()) from[to]?.push(at)
  const alive = new Set(states.flatMap(({ mayEnd }, at) => (mayEnd ? [at] : [])))
  const todo = [...alive]
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    for (const before of from[at] ?? []) {
      if (alive.has(before)) continue
      alive.add(before)
      todo.push(before)
    }
  }
  if (!alive.has(0)) return undefined
  const names = new Map([...alive].sort((a, b) => a - b).map((at, name) => [at, name]))
  return [...names.keys()].map((at) => {
    const { steps, mayEnd } = states[at] as (typeof states)[number]
    const kept = [...steps].flatMap(([to, ranges]) => {
      const name = names.get(to)
      return name === undefined ? [] : [{ set: charSet(ranges), to: name }]
    })
    return { steps: kept, mayEnd }
  })
}
