import { type CharSet, contains, toClass, without } from './char-set.ts'
import { type GrammarBuilder, literal, oneOf, sequence } from './gbnf.ts'
import { PatternError } from './pattern.ts'
import type { Automaton } from './string-automaton.ts'

/**
 * The texts of an automaton as they stand in a JSON string, without quotes, or as `written` says. A run of states with
 * one way in and one way out shares a rule, each other state has its own. At any place only one reading is open.
 */
export function automatonRule(
  grammar: GrammarBuilder,
  automaton: Automaton,
  written: (set: CharSet) => string = writtenChars,
): string {
  const waysIn = automaton.map(() => 0)
  for (const { steps } of automaton) for (const { to } of steps) waysIn[to] = (waysIn[to] ?? 0) + 1
  const names = automaton.map(({ steps, mayEnd }, at) => {
    const isLink = (waysIn[at] ?? 0) <= 1 && (steps.length === 0 || (steps.length === 1 && !mayEnd))
    return at === 0 || !isLink ? grammar.reserve('text') : undefined
  })

  // Many states go on with the same long class.
  const shared = (chars: string) => (chars.length > 24 ? grammar.rule('chars', chars) : chars)

  /** From one step to the end of the text, or to the next state with a rule. */
  function run(step: Automaton[number]['steps'][number]): string {
    const items: string[] = []
    for (let next: typeof step | undefined = step; next !== undefined; ) {
      items.push(shared(written(next.set)))
      const name = names[next.to]
      if (name !== undefined) return sequence(...items, name)
      next = automaton[next.to]?.steps[0]
    }
    return sequence(...items)
  }

  for (const [at, { steps, mayEnd }] of automaton.entries()) {
    const name = names[at]
    if (name !== undefined) grammar.define(name, [...steps.map(run), ...(mayEnd ? ['""'] : [])].join(' | '))
  }
  return names[0] ?? '""'
}

/** Characters that JSON writes with a backslash, by what stands behind it. */
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
}
const ESCAPED = Object.keys(ESCAPES).map((char) => [char.charCodeAt(0), char.charCodeAt(0)] as const)
const NEVER_RAW: CharSet = [...ESCAPED, [0, 0x1f] as const, [0x7f, 0x7f] as const]

/** One character of the set, as it stands in a JSON string. Throws PatternError when JSON has no way to write any. */
export function writtenChars(set: CharSet): string {
  const raw = toClass(without(set, NEVER_RAW))
  const escapes = Object.entries(ESCAPES).filter(([char]) => contains(set, char.charCodeAt(0)))
  const written = escapes.map(([, letter]) => literal(`\\${letter}`))
  const options = raw === undefined ? written : [raw, ...written]
  if (options.length === 0) throw new PatternError('has a class that no JSON string can match')
  return oneOf(options)
}
