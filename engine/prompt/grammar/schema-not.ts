import { KINDS, type Kind, listOf } from './schema-kinds.ts'
import { AllOf, isAnnotation, mergeSchemas, NOT_PATTERNS } from './schema-merge.ts'
import { badSchema, isSchema, noValue, type Schema } from './schema-types.ts'

/**
 * The same schema without `not`, or one that allows less. Throws EngineError `bad_format` for a `not` that has no
 * such form: it is known for types, values, patterns and required properties.
 */
export function withoutNot(schema: Schema, path: string): Schema {
  const { not, ...rest } = schema
  if (not === undefined) return schema
  return mergeSchemas(rest, opposite(not, path), path)
}

function opposite(not: unknown, path: string): Schema {
  if (not === false) return {}
  if (not === true) throw noValue(path, 'not', 'allows no value at all')
  if (!isSchema(not)) throw badSchema(path, 'not', 'must be a schema')
  const keywords = Object.keys(not).filter((keyword) => !isAnnotation(keyword))
  const [first = '', ...more] = keywords.filter((keyword) => keyword !== 'type' || keywords.length === 1)
  const write = more.length === 0 && Object.hasOwn(OPPOSITES, first) ? OPPOSITES[first] : undefined
  if (keywords.length === 0) throw noValue(path, 'not', 'allows no value at all')
  const made = write?.(not, path)
  if (made !== undefined) return made
  throw badSchema(path, 'not', 'is supported for a type, values, a pattern or required properties only')
}

/** By the only keyword beside `type`. Undefined where a given `type` changes what is meant. */
const OPPOSITES: Readonly<Record<string, (not: Schema, path: string) => Schema | undefined>> = {
  type: ({ type }) => ({ type: KINDS.filter((kind) => !hasKind(listOf(type), kind)) }),
  const: ({ const: value, type }) => (type === undefined ? otherThan([value]) : undefined),
  enum: ({ enum: values, type }) => (type === undefined ? otherThan(listOf(values)) : undefined),
  anyOf: ({ anyOf, type }, path) =>
    type === undefined
      ? listOf(anyOf).reduce<Schema>((all, option) => mergeSchemas(all, opposite(option, path), path), {})
      : undefined,
  pattern: ({ pattern, type }) => {
    if (type === undefined) return { type: 'string', [NOT_PATTERNS]: new AllOf(pattern) }
    return type === 'string' ? { type: KINDS, [NOT_PATTERNS]: new AllOf(pattern) } : undefined
  },
  required: ({ required, type }) => {
    if (type !== undefined && type !== 'object') return undefined
    const absent = listOf(required).map((key) => ({ properties: Object.fromEntries([[String(key), false]]) }))
    return { type: type === undefined ? 'object' : KINDS, anyOf: absent }
  },
}

/** A number that is no integer has no grammar here: without integers there are no numbers. */
function hasKind(types: readonly unknown[], kind: Kind): boolean {
  const isNumeric = kind === 'integer' || kind === 'number'
  return isNumeric ? types.includes('integer') || types.includes('number') : types.includes(kind)
}

/** Any string but these; no value at all of the kinds of the others. */
function otherThan(values: readonly unknown[]): Schema {
  const texts = values.filter((value) => typeof value === 'string')
  const excluded = values.flatMap((value): Kind[] => {
    if (typeof value === 'string') return []
    if (typeof value === 'number') return ['number', 'integer']
    if (value === null) return ['null']
    if (Array.isArray(value)) return ['array']
    return [typeof value === 'boolean' ? 'boolean' : 'object']
  })
  return {
    type: KINDS.filter((kind) => !excluded.includes(kind)),
    ...(texts.length === 0 ? {} : { [NOT_PATTERNS]: new AllOf(textsPattern(texts)) }),
  }
}

/** The pattern of exactly these texts. */
export function textsPattern(texts: readonly string[]): string {
  const escaped = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return `^(?:${escaped.join('|')})$`
}
