import { type CharSet, contains } from './char-set.ts'
import { cyclicRules } from './gbnf-cycles.ts'
import { END, GbnfError, type GbnfProgram, setOf } from './gbnf-program.ts'

/**
 * Readings that may be open at one place. llama.cpp keeps a stack for each and goes through the vocabulary once a
 * stack, so each costs time with every token; and those of an ambiguous grammar multiply until memory is gone.
 */
const MAX_READINGS = 600
/** Characters one walk goes on for: tokens hold runs of blanks and dashes about as long. */
const MAX_STEPS = 72
/** Places looked at in one round of walks. */
const MAX_WORK = 1_500_000
/** Characters tried at each step. */
const MAX_TRIED = 4

/**
 * Walks into the grammar from its root and from each of its rules, along the characters that leave most readings open,
 * once with and once without blanks. Throws GbnfError when there are too many readings, or when there is too much to
 * walk from the root and from rules that contain themselves: only there readings multiply without end. From the others
 * the walk is as long as a limit allows.
 */
export function checkReadings(program: GbnfProgram, sets: readonly CharSet[]): void {
  const cyclic = cyclicRules(program)
  const others = [...program.rules.keys()].filter((rule) => !cyclic.has(rule))
  const isWalked = walkAll(readingsOf(program, sets), [program.root, ...cyclic])
  if (!isWalked) throw new GbnfError('has too many parts to be checked')
  walkAll(readingsOf(program, sets), others)
}

/** False when the limit came first. */
function walkAll(readings: Readings, rules: readonly number[]): boolean {
  for (const hasBlanks of [false, true]) {
    const known = new Set<string>()
    for (const rule of rules) {
      walk(readings, rule, hasBlanks, known)
      if (readings.isExhausted()) return false
    }
  }
  return true
}

function walk(readings: Readings, rule: number, hasBlanks: boolean, known: Set<string>): void {
  let open = readings.start(rule)
  for (let step = 0; step < MAX_STEPS && open.length > 0; step++) {
    // What another walk has seen need not be seen again.
    const key = open.join()
    if (known.has(key)) return
    known.add(key)
    const all = readings.chars(open)
    const dark = all.filter((char) => !BLANKS.includes(char))
    let widest: number[] = []
    for (const char of (hasBlanks || dark.length === 0 ? all : dark).slice(0, MAX_TRIED)) {
      const next = readings.after(open, char)
      if (next.length > widest.length) widest = next
    }
    open = widest
  }
}

const BLANKS = [9, 10, 13, 32]

type Readings = ReturnType<typeof readingsOf>

/** Stacks of places, as numbers: equal stacks are one number. */
function readingsOf({ code, rules }: GbnfProgram, sets: readonly CharSet[]) {
  const places: number[] = [END]
  const below: number[] = [0]
  const known = new Map<number, number>()
  let work = 0

  /** A stack with one more place; behind the end of an alternative there is none. */
  function push(stack: number, place: number): number {
    if (code[place] === END) return stack
    const key = stack * (code.length + 1) + place
    const at = known.get(key)
    if (at !== undefined) return at
    known.set(key, places.length)
    below.push(stack)
    return places.push(place) - 1
  }

  const elementAt = (stack: number): number => (stack === 0 ? END : (code[places[stack] ?? 0] ?? END))

  /** Goes into rules until each stack has characters on top, or is empty. */
  function settle(stacks: readonly number[]): number[] {
    const seen = new Set(stacks)
    const settled: number[] = []
    const todo = [...stacks]
    for (let stack = todo.pop(); stack !== undefined; stack = todo.pop()) {
      work += 1
      if (work > MAX_WORK) return []
      const element = elementAt(stack)
      if (element < 0) settled.push(stack)
      else todo.push(...inside(element, push(below[stack] ?? 0, (places[stack] ?? 0) + 1), seen))
      if (settled.length > MAX_READINGS) throw new GbnfError('leaves too many readings of one text open')
    }
    return settled
  }

  /** The stacks at the beginning of a rule that were not seen before. */
  function inside(rule: number, rest: number, seen: Set<number>): number[] {
    const fresh = (rules[rule] ?? []).map((start) => push(rest, start)).filter((stack) => !seen.has(stack))
    for (const stack of fresh) seen.add(stack)
    return fresh
  }

  const setAt = (stack: number): CharSet => sets[setOf(elementAt(stack))] ?? []

  return {
    isExhausted: () => work > MAX_WORK,
    start: (rule: number) => settle((rules[rule] ?? []).map((start) => push(0, start))),
    /** Characters with which most stacks go on. */
    chars(stacks: readonly number[]): number[] {
      const found = new Map<number, number>()
      for (const stack of stacks) {
        const low = setAt(stack)[0]?.[0]
        if (low !== undefined) found.set(low, (found.get(low) ?? 0) + 1)
      }
      return [...found].sort((a, b) => b[1] - a[1]).map(([char]) => char)
    },
    after: (stacks: readonly number[], char: number) =>
      settle([
        ...new Set(
          stacks
            .filter((stack) => contains(setAt(stack), char))
            .map((stack) => push(below[stack] ?? 0, (places[stack] ?? 0) + 1)),
        ),
      ]),
  }
}
