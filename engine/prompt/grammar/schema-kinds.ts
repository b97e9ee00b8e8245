import { badSchema, isSchema, noValue, type Schema } from './schema-types.ts'

/** Keywords of JSON Schema that no grammar of ours follows. Words that are not JSON Schema's mean nothing. */
const UNSUPPORTED = 'if then else maxContains unevaluatedItems $dynamicRef $recursiveRef'.split(' ')

export const KINDS = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'] as const
/** A value of `type`. */
export type Kind = (typeof KINDS)[number]

/** A schema without `type` is of the kinds its keywords speak of. */
export const KIND_KEYWORDS: readonly (readonly [Kind, readonly string[]])[] = [
  [
    'object',
    [
      'properties',
      'required',
      'additionalProperties',
      'unevaluatedProperties',
      'patternProperties',
      'propertyNames',
      'minProperties',
      'maxProperties',
    ],
  ],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains']],
  ['string', ['pattern', 'format', 'minLength', 'maxLength']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]

/** Throws EngineError `bad_format` for a keyword that cannot be kept to. */
export function checkKeywords(schema: Schema, path: string): void {
  const unsupported = UNSUPPORTED.find((keyword) => Object.hasOwn(schema, keyword))
  if (unsupported !== undefined) throw badSchema(path, unsupported, 'is not supported')
}

/** The kinds of values a schema is about; none when it does not say. */
export function kindsOf(schema: Schema, path: string): Kind[] {
  const { type } = schema
  const named = type === undefined ? undefined : listOf(type)
  const unknown = named?.find((name) => typeof name !== 'string' || !KINDS.includes(name as Kind))
  if (unknown !== undefined) throw badSchema(path, 'type', `${JSON.stringify(unknown)} is not a type`)
  if (named !== undefined && named.length === 0) throw noValue(path, 'type', 'leaves no type')
  const kinds =
    (named as Kind[] | undefined) ??
    KIND_KEYWORDS.filter(([, words]) => words.some((word) => schema[word] !== undefined)).map(
      ([kind]) => kind,
    )
  const all = kinds.length > 0 && schema.nullable === true ? [...kinds, 'null' as const] : kinds
  // Every integer is a number: one rule for both would be read in two ways.
  return [...new Set(all)].filter((kind) => kind !== 'integer' || !all.includes('number'))
}

export function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isSchema(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === kind
  }
}

/** A keyword that may be one value or a list. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}
