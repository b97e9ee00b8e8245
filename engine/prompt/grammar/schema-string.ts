import { automatonRule } from './automaton-rule.ts'
import { toClass } from './char-set.ts'
import { type GrammarBuilder, literal, repeat, sequence } from './gbnf.ts'
import type { JsonRule } from './json-rules.ts'
import { nfaOf } from './nfa.ts'
import { PatternError, type PatternNode, parsePattern } from './pattern.ts'
import { patternRule } from './pattern-rule.ts'
import { AllOf, NOT_PATTERNS } from './schema-merge.ts'
import { badSchema, count, noValue, type Schema, type SchemaContext } from './schema-types.ts'
import { type Automaton, automatonOf, type Lengths, matches } from './string-automaton.ts'
import { formatPattern, isImplied } from './string-formats.ts'

/** What a string must match, or must not. */
interface Demand {
  pattern: PatternNode
  isNegated: boolean
}

/** The rule for `type: "string"`. */
export function stringRule(schema: Schema, path: string, { grammar, json }: SchemaContext): string {
  const lengths = lengthsOf(schema, path)
  const demands = demandsOf(schema, path)
  if (demands.length === 0) {
    if (lengths.min === 0 && lengths.max === undefined) return json('string')
    const text = repeat(grammar, json('char'), lengths.min, lengths.max)
    return grammar.rule('string', sequence(literal('"'), text, literal('"')))
  }
  const keyword = schema.pattern !== undefined ? 'pattern' : schema.format !== undefined ? 'format' : 'not'
  const text = atPath(path, keyword, () => textRule(grammar, json, demands, lengths))
  return grammar.rule('string', sequence(literal('"'), text, literal('"')))
}

/**
 * Texts that are as the schema says and match none of the `without` patterns, as they are, without quotes or escapes.
 * Throws EngineError `bad_format` for what no grammar can say.
 */
export function plainTextRule(
  grammar: GrammarBuilder,
  schema: Schema,
  without: readonly string[],
  path: string,
): string {
  const excluded = without.flatMap((source) => opposite(demandsIn(source)))
  const keyword = schema.pattern !== undefined ? 'pattern' : 'string'
  return atPath(path, keyword, () => {
    const automaton = automatonFor([...demandsOf(schema, path), ...excluded], lengthsOf(schema, path))
    return automatonRule(grammar, automaton, (set) => toClass(set) ?? '""')
  })
}

function lengthsOf(schema: Schema, path: string): Lengths {
  const min = count(schema, 'minLength', path) ?? 0
  const max = count(schema, 'maxLength', path)
  if (max !== undefined && min > max) throw badSchema(path, 'minLength', 'is more than maxLength')
  return { min, max }
}

function textRule(
  grammar: GrammarBuilder,
  json: (name: JsonRule) => string,
  demands: readonly Demand[],
  lengths: Lengths,
): string {
  try {
    return automatonRule(grammar, automatonFor(demands, lengths))
  } catch (error) {
    const [only] = demands
    const isAlone = demands.length === 1 && !only?.isNegated && lengths.min === 0 && lengths.max === undefined
    if (error instanceof PatternError && error.reason === 'size' && isAlone && only !== undefined) {
      return patternRule(grammar, json, only.pattern)
    }
    throw error
  }
}

/**
 * Texts of keys, without quotes, that are as `schema` says of strings, match all of one list of patterns and none of
 * the other. Throws PatternError.
 */
export function keyText(
  grammar: GrammarBuilder,
  schema: Schema,
  matching: readonly string[],
  others: readonly string[],
  path: string,
): string {
  const demands = [
    ...demandsOf(schema, path),
    ...matching.flatMap((source) => demandsIn(source)),
    ...others.flatMap((source) => opposite(demandsIn(source))),
  ]
  return automatonRule(grammar, automatonFor(demands, lengthsOf(schema, path)))
}

/** Whether a string is as the schema says of strings. Throws EngineError `bad_format` for what cannot be read. */
export function matchesText(schema: Schema, text: string, path: string): boolean {
  const { min, max } = lengthsOf(schema, path)
  const length = [...text].length
  if (length < min || (max !== undefined && length > max)) return false
  const demands = demandsOf(schema, path)
  return atPath(path, 'pattern', () =>
    demands.every(({ pattern, isNegated }) => matches(nfaOf(pattern), text) !== isNegated),
  )
}

/** Whether no string satisfies both schemas; false also where that is not known. */
export function haveNoTextInCommon(a: Schema, b: Schema, path: string): boolean {
  const [one, other] = [lengthsOf(a, path), lengthsOf(b, path)]
  const bounds = [one.max, other.max].filter((max) => max !== undefined)
  const lengths = {
    min: Math.max(one.min, other.min),
    max: bounds.length === 0 ? undefined : Math.min(...bounds),
  }
  if (lengths.max !== undefined && lengths.min > lengths.max) return true
  try {
    automatonFor([...demandsOf(a, path), ...demandsOf(b, path)], lengths)
    return false
  } catch (error) {
    if (error instanceof PatternError) return error.reason === 'empty'
    throw error
  }
}

function automatonFor(demands: readonly Demand[], lengths: Lengths): Automaton {
  return automatonOf(
    demands.map(({ pattern, isNegated }) => ({ nfa: nfaOf(pattern), isNegated })),
    lengths,
  )
}

function demandsOf(schema: Schema, path: string): Demand[] {
  const formats = textsOf(schema, 'format', path)
  const patterns = textsOf(schema, 'pattern', path).filter((pattern) => !isImplied(pattern, formats))
  const found = patterns.flatMap((source) => atPath(path, 'pattern', () => demandsIn(source)))
  for (const format of formats) {
    const source = formatPattern(format)
    // Beside a pattern, a format nobody knows is a comment, as JSON Schema has it.
    if (source === undefined && patterns.length === 0) {
      throw badSchema(path, 'format', `"${format}" is not supported`)
    }
    if (source !== undefined) found.push(...demandsIn(source))
  }
  const without = schema[NOT_PATTERNS]
  if (without instanceof AllOf) {
    for (const source of without.values) {
      found.push(...atPath(path, 'not', () => opposite(demandsIn(String(source)))))
    }
  }
  return found
}

function textsOf(schema: Schema, keyword: string, path: string): string[] {
  const value = schema[keyword]
  if (value === undefined) return []
  const values = value instanceof AllOf ? value.values : [value]
  return values.map((text) => {
    if (typeof text !== 'string') throw badSchema(path, keyword, 'must be a string')
    return text
  })
}

/** Looking ahead from the start of the text is a demand of its own. */
function demandsIn(source: string): Demand[] {
  const pattern = parsePattern(source)
  const [start, ...rest] = pattern.type === 'sequence' ? pattern.items : []
  if (start?.type !== 'start') return [{ pattern, isNegated: false }]
  const body = rest.findIndex((item) => item.type !== 'look')
  const ahead = rest.slice(0, body < 0 ? rest.length : body)
  const behind = body < 0 ? [] : rest.slice(body)
  return [
    ...ahead.flatMap((item) =>
      item.type === 'look'
        ? [{ pattern: { type: 'sequence' as const, items: [start, item.item] }, isNegated: item.isNegated }]
        : [],
    ),
    { pattern: { type: 'sequence', items: [start, ...behind] }, isNegated: false },
  ]
}

/** What does not meet one demand. Several demands at once have no opposite that is again a list of demands. */
function opposite(demands: readonly Demand[]): Demand[] {
  const [only] = demands
  if (demands.length !== 1 || only === undefined) throw new PatternError('looks ahead inside "not"')
  return [{ ...only, isNegated: !only.isNegated }]
}

function atPath<T>(path: string, keyword: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw (error.reason === 'empty' ? noValue : badSchema)(path, keyword, error.message)
  }
}
