/**
 * Bounds on one rendering. The library's grammar has no unbounded loop of its own, but `range` and nested
 * loops over long lists come close, and a doubling string outgrows any memory in thirty steps.
 */
/** About a second. A turn of a conversation takes some fifty steps in the templates that there are. */
export const MAX_STEPS = 3_000_000
/** Characters of the output and of any single string. */
export const MAX_TEXT = 64 * 1024 * 1024
export const MAX_RANGE = 100_000
/** Items of a list that an operator makes. */
export const MAX_LIST = 1_000_000

/** Throws when a string or list has outgrown its bound; gives it back otherwise. */
export function bounded<T extends string | unknown[]>(value: T): T {
  if (value.length > (typeof value === 'string' ? MAX_TEXT : MAX_LIST)) {
    throw tooLarge()
  }
  return value
}

/** A template was stopped at one of these bounds. */
export class TemplateLimit extends Error {
  override readonly name = 'TemplateLimit'
}

export function tooLarge(): TemplateLimit {
  return new TemplateLimit('a value grew too large')
}
