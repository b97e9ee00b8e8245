import type { GrammarBuilder } from './gbnf.ts'

/**
 * JSON as a model should write it. White space is bounded, because a model that may put out blanks for ever
 * sometimes does; digits are bounded for the same reason. Neither characters nor escapes make half a surrogate pair.
 */
const JSON_RULES = {
  ws: '| " " | "\\n" [ \\t]{0,20}',
  char:
    '[ !#-\\[\\]-~\\x80-\\uD7FF\\uE000-\\U0010FFFF] | "\\\\" (["\\\\/bfnrt] | ' +
    '"u" ([0-9a-cA-CeEfF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))',
  string: '"\\"" char* "\\""',
  natural: '"0" | [1-9] [0-9]{0,15}',
  integer: '"-"? natural',
  number: 'integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?',
  boolean: '"true" | "false"',
  null: '"null"',
  member: 'string ":" ws value',
  object: '"{" ws (member ("," ws member)* ws)? "}"',
  array: '"[" ws (value ("," ws value)* ws)? "]"',
  value: 'object | array | string | number | boolean | null',
} as const

export type JsonRule = keyof typeof JSON_RULES

const NEEDS: Partial<Record<JsonRule, readonly JsonRule[]>> = {
  string: ['char'],
  integer: ['natural'],
  number: ['integer'],
  member: ['string', 'ws', 'value'],
  object: ['ws', 'member'],
  array: ['ws', 'value'],
  value: ['object', 'array', 'string', 'number', 'boolean', 'null'],
}

/** Names a builder must keep for these rules. */
export const JSON_RULE_NAMES = Object.keys(JSON_RULES)

/** Gives the name of a rule, and adds it with all it needs on first use. */
export function jsonRules(grammar: GrammarBuilder): (name: JsonRule) => string {
  const added = new Set<JsonRule>()
  return function add(name) {
    if (added.has(name)) return name
    added.add(name)
    for (const needed of NEEDS[name] ?? []) add(needed)
    grammar.define(name, JSON_RULES[name])
    return name
  }
}
