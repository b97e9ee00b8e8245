import { type CallRules, callRules } from './call-grammar.ts'
import { charsOf, complement, toClass } from './grammar/char-set.ts'
import { grammarBuilder, literal } from './grammar/gbnf.ts'
import { JSON_RULE_NAMES, jsonRules } from './grammar/json-rules.ts'
import { schemaRule } from './grammar/schema.ts'
import type { ThinkingTags } from './thinking-tags.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/**
 * The grammar of calls to tools, as the model writes them: one call to the named tool when one is named, else one or,
 * where calls may be parallel, more to any. Throws like `callRules`.
 */
export function toolCallGrammar(rules: CallRules, format: ToolCallFormat): string {
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  return grammar.text(callRules(grammar, rules, format, false))
}

/** A name such grammars leave free, for the rule that what comes before the tag's end is joined to. */
export const BEHIND_TAG = 'behind-tag'

/** The same behind what calls are known by, for an answer that is free until the model writes that. */
export function lateCallGrammar(rules: CallRules, format: ToolCallFormat): string {
  const grammar = grammarBuilder([...JSON_RULE_NAMES, BEHIND_TAG])
  return grammar.text(callRules(grammar, rules, format, true))
}

/** An answer that is JSON under a schema (none: any object), or calls in its place. */
export function schemaOrCallsGrammar(
  schema: Record<string, unknown> | undefined,
  rules: CallRules,
  format: ToolCallFormat,
): string {
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  const answer = schema === undefined ? jsonRules(grammar)('object') : schemaRule(grammar, schema)
  return grammar.text(`${answer} | ${callRules(grammar, rules, format, false)}`)
}

/**
 * The same grammar with room for a thought before it: any text up to the closing tag. With `startsInside` the prompt
 * has opened the thought, so it only has to be closed; else the model may do without one. What the model's template
 * puts before every answer stands there too.
 */
export function withThinking(grammar: string, tags: ThinkingTags, startsInside: boolean): string {
  const name = unusedName(grammar)
  const thought = thoughtRules(name, tags.close)
  const answer = grammar.replace(/^root ::= /, `${name}-answer ::= `)
  const blank = '[ \\t\\r\\n]{0,8}'
  const turn = tags.answer === undefined ? '' : ` ${literal(tags.answer.turn)}`
  const inside = `${name}-0 ${blank}${turn}`
  const start = startsInside ? inside : `(${blank} ${literal(tags.open)} ${inside})?`
  const opening = tags.answer === undefined ? '' : ` ${literal(tags.answer.open)}`
  return `root ::= ${start}${opening} ${name}-answer\n${answer}${thought}`
}

function unusedName(grammar: string): string {
  let name = 'thought'
  while (grammar.includes(`${name}-`)) name += 'x'
  return name
}

/** One rule a character of the tag that has been seen, as in the search of Knuth, Morris and Pratt. */
function thoughtRules(name: string, close: string): string {
  const tag = [...close]
  const letters = [...new Set(tag)]
  return tag
    .map((_, seen) => {
      const steps = letters.map((letter) => ({ letter, next: overlap(tag, seen, letter) }))
      const onward = steps.filter(({ next }) => next > 0)
      const others = toClass(complement(charsOf(onward.map(({ letter }) => letter).join('')))) ?? '.'
      const options = onward.map(({ letter, next }) =>
        next === tag.length ? literal(letter) : `${literal(letter)} ${name}-${next}`,
      )
      return `${name}-${seen} ::= ${[`${others} ${name}-0`, ...options].join(' | ')}\n`
    })
    .join('')
}

/** How much of the tag's beginning ends the text, when `seen` characters of it were followed by `letter`. */
function overlap(tag: readonly string[], seen: number, letter: string): number {
  const text = [...tag.slice(0, seen), letter]
  for (let length = text.length; length > 0; length--) {
    if (text.slice(-length).join('') === tag.slice(0, length).join('')) return length
  }
  return 0
}
