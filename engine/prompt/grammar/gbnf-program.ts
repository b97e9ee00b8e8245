import { type CharSet, charSet, complement } from './char-set.ts'

/** Ends an alternative. */
export const END = -1

/**
 * A grammar as llama.cpp holds it: every alternative of every rule one after another, repetition written out. An
 * element of `code` from 0 up is a reference to a rule, `END` ends an alternative, and others are characters.
 */
export interface GbnfProgram {
  readonly code: readonly number[]
  /** By rule: where its alternatives begin in `code`. */
  readonly rules: readonly (readonly number[])[]
  readonly root: number
}

/** A grammar that llama.cpp would not take, or that is larger than it should be asked to take. */
export class GbnfError extends Error {
  override readonly name = 'GbnfError'
}

/** Elements and rules of one grammar, repetition written out: some 16 bytes and some 100 bytes each in llama.cpp. */
const MAX_ELEMENTS = 400_000
const MAX_RULES = 60_000

export interface ProgramWriter {
  /** The rule of a name, which may be defined later. */
  named(name: string): number
  /** A rule nobody can name. */
  unnamed(): number
  /** How many rules there are: llama.cpp's measure for what may be repeated how often. */
  count(): number
  define(rule: number, alternatives: readonly (readonly number[])[]): void
  /** Accounts for elements before they are written. Throws GbnfError when there are too many. */
  reserve(elements: number): void
  characters(set: CharSet): number
  /** Throws GbnfError for a rule that is used and not defined, or when there is no `root`. */
  finish(): { program: GbnfProgram; sets: readonly CharSet[] }
}

export function programWriter(): ProgramWriter {
  const names = new Map<string, number>()
  const bodies: (readonly (readonly number[])[] | undefined)[] = []
  const setNames = new Map<string, number>()
  const sets: CharSet[] = []
  let elements = 0

  function unnamed(): number {
    if (bodies.length >= MAX_RULES) throw new GbnfError('has too many rules')
    return bodies.push(undefined) - 1
  }

  return {
    unnamed,
    named(name) {
      const rule = names.get(name) ?? unnamed()
      names.set(name, rule)
      return rule
    },
    count: () => bodies.length,
    define(rule, alternatives) {
      bodies[rule] = alternatives
    },
    reserve(count) {
      elements += count
      if (elements > MAX_ELEMENTS) throw new GbnfError('has too many elements once repetition is written out')
    },
    characters(set) {
      const key = set.join()
      const at = setNames.get(key) ?? sets.push(set) - 1
      setNames.set(key, at)
      return -2 - at
    },
    finish() {
      const root = names.get('root')
      if (root === undefined) throw new GbnfError('has no root rule')
      const undefinedRule = [...names].find(([, rule]) => bodies[rule] === undefined)
      if (undefinedRule !== undefined)
        throw new GbnfError(`uses the rule "${undefinedRule[0]}", which is not there`)
      const code: number[] = []
      const rules = bodies.map((alternatives) =>
        (alternatives ?? []).map((items) => {
          const start = code.length
          for (const item of items) code.push(item)
          code.push(END)
          return start
        }),
      )
      return { program: { code, rules, root }, sets }
    },
  }
}

/** The index of a set of characters that an element stands for. */
export const setOf = (element: number): number => -2 - element

/** The characters between brackets. */
export const classSet = (ranges: CharSet, isNegated: boolean): CharSet =>
  isNegated ? complement(ranges) : charSet(ranges)
