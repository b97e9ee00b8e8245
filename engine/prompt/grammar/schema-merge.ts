import { badSchema, isSchema, type Schema } from './schema-types.ts'

/** Several values of one keyword that must all hold. Only merging makes one, so no client can write it. */
export class AllOf {
  readonly values: readonly unknown[]

  constructor(...values: unknown[]) {
    this.values = values.flatMap((value) => (value instanceof AllOf ? value.values : [value]))
  }
}

/** Gives undefined where one keyword cannot say both. */
type Combine = (a: unknown, b: unknown) => unknown

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = new Set(
  (
    '$schema $id $comment $defs definitions $vocabulary title description default example examples deprecated ' +
    'readOnly writeOnly contentEncoding contentMediaType contentSchema discriminator externalDocs xml'
  ).split(' '),
)

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword)
}

/** Patterns a string must not match; put into a schema by what reads its `not`. */
export const NOT_PATTERNS = 'not pattern'

const larger: Combine = (a, b) => Math.max(Number(a), Number(b))
const smaller: Combine = (a, b) => Math.min(Number(a), Number(b))
const both: Combine = (a, b) => new AllOf(a, b)
const union: Combine = (a, b) => [...new Set([...list(a), ...list(b)])]

/** How two values of one keyword become one that means both. Keywords that are not here must be equal. */
const COMBINE: Readonly<Record<string, Combine>> = {
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  multipleOf: commonMultiple,
  pattern: both,
  format: both,
  [NOT_PATTERNS]: both,
  required: union,
  nullable: (a, b) => a === true && b === true,
  uniqueItems: (a, b) => a === true || b === true,
  type: (a, b) => commonTypes(list(a), list(b)),
  enum: (a, b) => list(a).filter((value) => list(b).some((other) => isSame(value, other))),
  not: (a, b) => ({ anyOf: [a, b] }),
  anyOf: (a, b) => list(a).map((option) => ({ allOf: [option, { anyOf: b }] })),
  properties: byKey(bothSchemas),
  patternProperties: byKey(bothSchemas),
  dependentSchemas: byKey(bothSchemas),
  dependentRequired: byKey(union),
  propertyNames: bothSchemas,
  items: bothSchemas,
  additionalProperties: bothSchemas,
  unevaluatedProperties: bothSchemas,
}

/**
 * One schema for values that satisfy both. Throws EngineError `bad_format` where two keywords cannot be said in one.
 */
export function mergeSchemas(a: Schema, b: Schema, path: string): Schema {
  const [first, second] = [withOthers(a, b, path), withOthers(b, a, path)]
  const merged = new Map(Object.entries(first))
  for (const [keyword, value] of Object.entries(second)) {
    const other = merged.get(keyword)
    if (other === undefined) merged.set(keyword, value)
    else if (!isAnnotation(keyword) && !isSame(other, value)) {
      const combine = Object.hasOwn(COMBINE, keyword) ? COMBINE[keyword] : undefined
      const combined = combine?.(other, value)
      if (combined === undefined) {
        throw badSchema(path, keyword, 'differs between schemas that must both hold')
      }
      merged.set(keyword, combined)
    }
  }
  return Object.fromEntries(merged)
}

/** What `rest` asks of all that `schema` does not name, written out for the properties and items `other` names. */
function withOthers(schema: Schema, other: Schema, path: string): Schema {
  const isTuple = Array.isArray(other.prefixItems) || Array.isArray(schema.prefixItems)
  if (isTuple && (isSchema(schema.items) || typeof schema.items === 'boolean' || schema.prefixItems)) {
    if (!isSame(schema.prefixItems, other.prefixItems)) {
      throw badSchema(path, 'prefixItems', 'differs between schemas that must both hold')
    }
  }
  const rest = schema.additionalProperties
  if (rest === undefined || rest === true || !isSchema(other.properties)) return schema
  const own = isSchema(schema.properties) ? schema.properties : {}
  const foreign = Object.keys(other.properties).filter((key) => !Object.hasOwn(own, key))
  if (foreign.length === 0) return schema
  if (schema.patternProperties !== undefined) {
    throw badSchema(path, 'patternProperties', 'differs between schemas that must both hold')
  }
  const named = foreign.map((key) => [key, rest] as const)
  return { ...schema, properties: Object.fromEntries([...Object.entries(own), ...named]) }
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

function commonMultiple(a: unknown, b: unknown): unknown {
  const [x, y] = [Number(a), Number(b)]
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y) || x <= 0 || y <= 0) return undefined
  let [larger, rest] = [x, y]
  while (rest > 0) [larger, rest] = [rest, larger % rest]
  return (x / larger) * y
}

function commonTypes(a: unknown[], b: unknown[]): unknown[] {
  const has = (types: unknown[], type: unknown) =>
    types.includes(type) || (type === 'integer' && types.includes('number'))
  return [...new Set([...a.filter((type) => has(b, type)), ...b.filter((type) => has(a, type))])]
}

function byKey(combine: Combine): Combine {
  return (a, b) => {
    if (!isSchema(a) || !isSchema(b)) return undefined
    const merged = new Map(Object.entries(a))
    for (const [key, value] of Object.entries(b)) {
      merged.set(key, merged.has(key) ? combine(merged.get(key), value) : value)
    }
    return Object.fromEntries(merged)
  }
}

/** Both schemas, to be merged when they are compiled: they may be references. */
export function bothSchemas(a: unknown, b: unknown): unknown {
  if (a === true) return b
  if (b === true) return a
  return a === false || b === false ? false : { allOf: [a, b] }
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
