import { writtenChars } from './automaton-rule.ts'
import { type GrammarBuilder, oneOf, repeat, sequence } from './gbnf.ts'
import type { JsonRule } from './json-rules.ts'
import { PatternError, type PatternNode } from './pattern.ts'

/**
 * The text of a string that matches a pattern, without quotes, as the pattern is written. For patterns whose automaton
 * is too large. Throws PatternError where no grammar can say that.
 */
export function patternRule(
  grammar: GrammarBuilder,
  json: (name: JsonRule) => string,
  pattern: PatternNode,
): string {
  const options = pattern.type === 'choice' ? pattern.options : [pattern]
  return grammar.rule('pattern', options.map((option) => anchored(option, grammar, json)).join(' | '))
}

/** Matches anywhere in the text, so what is not anchored may have any text on that side. */
function anchored(option: PatternNode, grammar: GrammarBuilder, json: (name: JsonRule) => string): string {
  const items = option.type === 'sequence' ? [...option.items] : [option]
  const isStart = items[0]?.type === 'start'
  const isEnd = items.at(-1)?.type === 'end'
  const inner = items.slice(isStart ? 1 : 0, isEnd ? -1 : undefined)
  const any = () => `${json('char')}*`
  const body = sequence(
    isStart ? '' : any(),
    ...inner.map((item) => write(item, grammar)),
    isEnd ? '' : any(),
  )
  return body === '' ? '""' : body
}

function write(node: PatternNode, grammar: GrammarBuilder): string {
  switch (node.type) {
    case 'chars':
      return writtenChars(node.set)
    case 'sequence':
      return sequence(...node.items.map((item) => write(item, grammar)))
    case 'choice':
      return oneOf(node.options.map((option) => write(option, grammar) || '""'))
    case 'repeat': {
      // A grammar that repeats nothing for ever cannot be walked.
      if (node.max === undefined && isNullable(node.item)) throw new PatternError('repeats what may be empty')
      const item = write(node.item, grammar)
      return item === '' ? '' : repeat(grammar, item, node.min, node.max)
    }
    default:
      throw new PatternError('is too large to be followed')
  }
}

function isNullable(node: PatternNode): boolean {
  switch (node.type) {
    case 'chars':
      return false
    case 'sequence':
      return node.items.every(isNullable)
    case 'choice':
      return node.options.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.item)
    default:
      return true
  }
}
