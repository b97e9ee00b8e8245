import { type CharSet, charsOf, contains, toClass, without } from './char-set.ts'
import { type GrammarBuilder, literal, oneOf, repeat, sequence } from './gbnf.ts'
import type { JsonRule } from './json-rules.ts'
import { PatternError, type PatternNode, parsePattern } from './pattern.ts'

/** A string whose text matches a pattern, quotes included. Throws PatternError where no grammar can say that. */
export function patternRule(
  grammar: GrammarBuilder,
  json: (name: JsonRule) => string,
  source: string,
  lengths: { min: number; max: number | undefined },
): string {
  const pattern = withLengths(parsePattern(source), lengths)
  const options = pattern.type === 'choice' ? pattern.options : [pattern]
  const texts = options.map((option) => anchored(option, grammar, json))
  return grammar.rule('pattern', sequence('"\\""', oneOf(texts), '"\\""'))
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
      return chars(node.set)
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
      throw new PatternError('has an anchor in the middle')
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
const ESCAPED = [...charsOf(Object.keys(ESCAPES).join('')), [0, 0x1f] as const, [0x7f, 0x7f] as const]

/** One character of the set, as it stands in a JSON string. */
function chars(set: CharSet): string {
  const raw = toClass(without(set, ESCAPED))
  const escapes = Object.entries(ESCAPES).filter(([char]) => contains(set, char.charCodeAt(0)))
  const written = escapes.map(([, letter]) => literal(`\\${letter}`))
  const options = raw === undefined ? written : [raw, ...written]
  if (options.length === 0) throw new PatternError('has a class that no JSON string can match')
  return oneOf(options)
}

/** The pattern with a bound on its length, which a grammar can only give when it repeats one class of characters. */
function withLengths(pattern: PatternNode, lengths: { min: number; max: number | undefined }): PatternNode {
  if (lengths.min === 0 && lengths.max === undefined) return pattern
  const [start, item, end] = pattern.type === 'sequence' ? pattern.items : []
  const isWhole = pattern.type === 'sequence' && pattern.items.length === 3
  if (!isWhole || start?.type !== 'start' || end?.type !== 'end' || item?.type !== 'repeat') {
    throw new PatternError('stands beside minLength or maxLength')
  }
  if (item.item.type !== 'chars') throw new PatternError('stands beside minLength or maxLength')
  const max = Math.min(item.max ?? Number.POSITIVE_INFINITY, lengths.max ?? Number.POSITIVE_INFINITY)
  const min = Math.max(item.min, lengths.min)
  if (min > max) throw new PatternError('leaves no length that is allowed')
  const bounded = { ...item, min, max: Number.isFinite(max) ? max : undefined }
  return { type: 'sequence', items: [start, bounded, end] }
}
