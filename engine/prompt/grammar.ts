import { EngineError } from '../errors.ts'
import type { Tool } from '../types.ts'
import { charsOf, complement, toClass } from './grammar/char-set.ts'
import { type GrammarBuilder, grammarBuilder, literal, sequence } from './grammar/gbnf.ts'
import { JSON_RULE_NAMES, jsonRules } from './grammar/json-rules.ts'
import { schemaRule } from './grammar/schema.ts'
import type { ThinkingTags } from './thinking.ts'
import type { ToolCallFormat } from './tool-call-format.ts'

/**
 * The grammar of exactly one call to one of the tools, in the tags the model knows: any of them for `required`, else
 * the named one. Arguments follow the tool's schema; where no grammar can, they are any JSON object, as they would be
 * had the call not been forced. Throws EngineError `bad_request` when there is no such tool.
 */
export function toolCallGrammar(
  tools: readonly Tool[],
  choice: 'required' | { name: string },
  format: ToolCallFormat,
): string {
  const wanted = choice === 'required' ? tools : tools.filter((tool) => tool.function.name === choice.name)
  if (wanted.length === 0) {
    const name = choice === 'required' ? 'any' : `'${choice.name}'`
    throw new EngineError('bad_request', `tool_choice asks for ${name}, which is not among the tools`)
  }
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  const ws = jsonRules(grammar)('ws')
  const calls = wanted.map((tool) => {
    const head = `{"name": ${JSON.stringify(tool.function.name)}, "${format.argumentsKey}": `
    return `${literal(head)} ${argumentsRule(grammar, tool)} "}"`
  })
  const call = grammar.rule('call', calls.join(' | '))
  const list = format.isList ? sequence('"["', call, '"]"') : call
  if (format.open === '{') return grammar.text(list)
  return grammar.text(
    sequence(
      literal(format.open),
      ws,
      list,
      format.close === undefined ? '' : `${ws} ${literal(format.close)}`,
    ),
  )
}

function argumentsRule(grammar: GrammarBuilder, tool: Tool): string {
  const schema = tool.function.parameters ?? {}
  try {
    // Tried on the side first: a schema that fails half-way leaves rules behind that need others.
    schemaRule(grammarBuilder(JSON_RULE_NAMES), schema)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
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
