import { type Node, parseJinja } from './ast.ts'
import { MAX_RANGE, TemplateLimit } from './limits.ts'
import { Scope } from './scope.ts'
import { print } from './statements.ts'
import { strftime } from './strftime.ts'
import { type Callable, isDict, itemsOf, Namespace, toText, toValue, type Value } from './value.ts'

/** A template that can be rendered many times. */
export interface Program {
  readonly body: readonly Node[]
}

/** What `raise_exception` in a template throws: a refusal by its author, in its author's words. */
export class TemplateRefusal extends Error {
  override readonly name = 'TemplateRefusal'
}

/** Throws Error on a syntax error. */
export function parseProgram(source: string): Program {
  return { body: parseJinja(source) }
}

/**
 * Renders with the given variables (plain JSON-like data). `now` is the clock of `strftime_now`, in local time.
 * Throws TemplateRefusal, or Error in Python's words; a template that runs away is stopped (see limits.ts).
 */
export function renderProgram(
  program: Program,
  variables: Record<string, unknown>,
  now: Date,
  maxSteps?: number,
): string {
  const scope = new Scope(undefined, maxSteps)
  for (const [name, value] of Object.entries(builtins(now))) scope.set(name, value)
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined) scope.set(name, toValue(value))
  }
  return print(program.body, scope)
}

function builtins(now: Date): Record<string, Value> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    raise_exception: raise,
    strftime_now: ([format]) => strftime(now, toText(format)),
    range: rangeOf,
    namespace,
    dict: ([base], keywords) => new Map([...(isDict(base) ? base : []), ...keywords]),
  }
}

const raise: Callable = ([message]) => {
  throw new TemplateRefusal(toText(message))
}

const rangeOf: Callable = (args) => {
  const [a = 0, b, c] = args.map(Number)
  const [start, stop] = b === undefined ? [0, a] : [a, b]
  const step = c ?? 1
  if (step === 0) throw new Error('range() arg 3 must not be zero')
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (!(length <= MAX_RANGE)) throw new TemplateLimit(`range() of more than ${MAX_RANGE} items`)
  return Array.from({ length }, (_, i) => start + i * step)
}

const namespace: Callable = ([base], keywords) => {
  const made = new Namespace()
  const pairs = isDict(base) ? [...base] : itemsOf(base).map((pair) => itemsOf(pair))
  for (const [key, value] of pairs) made.fields.set(toText(key), value)
  for (const [key, value] of keywords) made.fields.set(key, value)
  return made
}
