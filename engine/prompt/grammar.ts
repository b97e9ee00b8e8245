import { EngineError } from '../errors.ts'
import type { Tool } from '../types.ts'
import { charsOf, complement, toClass } from './grammar/char-set.ts'
import { type GrammarBuilder, grammarBuilder, literal, sequence } from './grammar/gbnf.ts'
import { JSON_RULE_NAMES, jsonRules } from './grammar/json-rules.ts'
import { schemaRule } from './grammar/schema.ts'
import type { ThinkingTags } from './thinking.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** Which tools may be called, and how many calls there may be. */
export interface CallRules {
  tools: readonly Tool[]
  choice: 'auto' | 'required' | { name: string }
  /** More than one call may stand in an answer. */
  isParallel: boolean
}

/**
 * The grammar of calls to tools, in the tags the model knows: one call to the named tool when one is named, else one
 * or, where calls may be parallel, more to any. Arguments follow the tool's schema; where no grammar can, they are any
 * JSON object, unless the tool says `strict`. Throws EngineError `bad_request` when there is no such tool and
 * `bad_format` for a strict tool whose schema cannot be kept to.
 */
export function toolCallGrammar(rules: CallRules, format: ToolCallFormat): string {
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  const { first, further } = callRules(grammar, rules, format)
  const open = format.open === '{' ? '' : literal(format.open)
  return grammar.text(sequence(open, first, further))
}

/** A name such grammars leave free, for the rule that what comes before the tag's end is joined to. */
export const BEHIND_TAG = 'behind-tag'

/** The same behind the first opening tag, for an answer that is free until the model writes that tag. */
export function lateCallGrammar(rules: CallRules, format: ToolCallFormat): string {
  const grammar = grammarBuilder([...JSON_RULE_NAMES, BEHIND_TAG])
  const { first, further } = callRules(grammar, rules, format)
  return grammar.text(sequence(first, further))
}

/** An answer that is JSON under a schema (none: any object), or calls in its place. */
export function schemaOrCallsGrammar(
  schema: Record<string, unknown> | undefined,
  rules: CallRules,
  format: ToolCallFormat,
): string {
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  const answer = schema === undefined ? jsonRules(grammar)('object') : schemaRule(grammar, schema)
  const { first, further } = callRules(grammar, rules, format)
  return grammar.text(`${answer} | ${sequence(literal(format.open), first, further)}`)
}

/** `first`: a call from behind its opening tag to its closing one. `further`: more of them, tags and all. */
function callRules(
  grammar: GrammarBuilder,
  { tools, choice, isParallel }: CallRules,
  format: ToolCallFormat,
): { first: string; further: string } {
  const isNamed = typeof choice === 'object'
  const wanted = isNamed ? tools.filter((tool) => tool.function.name === choice.name) : tools
  if (wanted.length === 0) {
    const name = isNamed ? `'${choice.name}'` : 'any'
    throw new EngineError('bad_request', `tool_choice asks for ${name}, which is not among the tools`)
  }
  const ws = jsonRules(grammar)('ws')
  const calls = wanted.map((tool) => {
    const head = [`{`, `"name":`, `${JSON.stringify(tool.function.name)},`, `"${format.argumentsKey}":`]
    return sequence(...head.flatMap((part) => [literal(part), ws]), argumentsRule(grammar, tool), ws, '"}"')
  })
  const call = grammar.rule('call', calls.join(' | '))
  const isMore = isParallel && !isNamed
  const list = format.isList
    ? sequence('"["', ws, call, isMore ? `("," ${ws} ${call})*` : '', ws, '"]"')
    : call
  if (format.open === '{') return { first: list, further: '' }
  const close = format.close === undefined ? '' : `${ws} ${literal(format.close)}`
  const first = grammar.rule('calls', sequence(ws, list, close))
  const canRepeat = isMore && !format.isList
  return { first, further: canRepeat ? `(${sequence(ws, literal(format.open), first)})*` : '' }
}

function argumentsRule(grammar: GrammarBuilder, tool: Tool): string {
  const schema = tool.function.parameters ?? {}
  try {
    // Tried on the side first: a schema that fails half-way leaves rules behind that need others.
    schemaRule(grammarBuilder(JSON_RULE_NAMES), schema)
  } catch (error) {
    if (!(error instanceof EngineError) || Reflect.get(tool.function, 'strict') === true) throw error
    return jsonRules(grammar)('object')
  }
  return Object.keys(schema).length === 0 ? jsonRules(grammar)('object') : schemaRule(grammar, schema)
}

/**
 * The same grammar with room for a thought before it: any text up to the closing tag. With `startsInside` the prompt
 * has opened the thought, so it only has to be closed; else the model may do without one.
 */
export function withThinking(grammar: string, tags: ThinkingTags, startsInside: boolean): string {
  const name = unusedName(grammar)
  const thought = thoughtRules(name, tags.close)
  const answer = grammar.replace(/^root ::= /, `${name}-answer ::= `)
  const blank = '[ \\t\\r\\n]{0,8}'
  const inside = `${name}-0 ${blank}`
  const start = startsInside ? inside : `(${blank} ${literal(tags.open)} ${inside})?`
  return `root ::= ${start} ${name}-answer\n${answer}${thought}`
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
