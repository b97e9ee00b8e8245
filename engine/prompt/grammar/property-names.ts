import { PatternError } from './pattern.ts'
import { listOf } from './schema-kinds.ts'
import { isAnnotation } from './schema-merge.ts'
import { matchesText } from './schema-string.ts'
import { badSchema, child, isSchema, type Schema, type SchemaContext } from './schema-types.ts'

/** What `propertyNames` asks of keys. */
export interface NameRules {
  /** It asks nothing. */
  isFree: boolean
  /** The only keys there may be, when they are listed. */
  listed: readonly string[]
  isListed: boolean
  /** What a key must be as a string. */
  schema: Schema
  allows(key: string): boolean
}

/** Each pattern is held against all others. */
const MAX_PATTERNS = 32

const STRING_WORDS = ['type', 'pattern', 'format', 'minLength', 'maxLength', 'not pattern']

/** Throws EngineError `bad_format` for names that are described by more than strings are. */
export function nameRules(schema: Schema, path: string, context: SchemaContext): NameRules {
  const place = child(path, 'propertyNames')
  const given = schema.propertyNames === undefined ? true : context.resolved(schema.propertyNames, place)
  if (given === true || (isSchema(given) && Object.keys(given).every(isAnnotation))) {
    return { isFree: true, listed: [], isListed: false, schema: {}, allows: () => true }
  }
  if (given === false) return { isFree: false, listed: [], isListed: true, schema: {}, allows: () => false }
  if (!isSchema(given)) throw badSchema(path, 'propertyNames', 'must be a schema')
  const { enum: values, const: only, ...string } = given
  const isListed = values !== undefined || only !== undefined
  const odd = Object.keys(string).find((word) => !isAnnotation(word) && !STRING_WORDS.includes(word))
  if (odd !== undefined) throw badSchema(place, odd, 'is not supported for names')
  const allowed = only === undefined ? listOf(values) : [only]
  const listed = allowed.filter((key): key is string => typeof key === 'string')
  const isString = string.type === undefined || listOf(string.type).includes('string')
  const allows = (key: string) =>
    isString && (!isListed || listed.includes(key)) && matchesText(string, key, place)
  return { isFree: false, listed: listed.filter(allows), isListed, schema: string, allows }
}

/** The schemas that `patternProperties` has for a key. */
export function matchingPatterns(schema: Schema, key: string, path: string): unknown[] {
  return patternsOf(schema, path)
    .filter(([pattern]) => matchesText({ pattern }, key, child(path, 'patternProperties', pattern)))
    .map(([, value]) => value)
}

export function patternsOf({ patternProperties }: Schema, path: string): [string, unknown][] {
  if (patternProperties === undefined) return []
  if (!isSchema(patternProperties)) throw badSchema(path, 'patternProperties', 'must be an object')
  const patterns = Object.entries(patternProperties)
  if (patterns.length <= MAX_PATTERNS) return patterns
  throw badSchema(path, 'patternProperties', `is supported for ${MAX_PATTERNS} patterns at most`)
}

/** Runs what reads patterns, and names the keyword where one cannot be read. Undefined when nothing matches. */
export function readPatterns<T>(path: string, keyword: string, make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    if (error.reason === 'empty') return undefined
    throw badSchema(path, keyword, error.message)
  }
}

/** What properties that are not listed must be; false when there may be none. */
export function othersOf(schema: Schema): unknown {
  const properties = isSchema(schema.properties) ? Object.values(schema.properties) : []
  const patterns = isSchema(schema.patternProperties) ? Object.keys(schema.patternProperties) : []
  const isOpen = properties.every((value) => value === false) && patterns.length === 0
  const others = schema.additionalProperties ?? schema.unevaluatedProperties ?? isOpen
  return isSchema(others) && Object.keys(others).length === 0 ? true : others
}
