import { badSchema, isSchema, type Schema } from './schema-types.ts'

type Combine = (a: unknown, b: unknown) => unknown

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = new Set(
  (
    '$schema $id $comment $defs definitions title description default example examples deprecated readOnly ' +
    'writeOnly contentEncoding contentMediaType contentSchema discriminator externalDocs xml'
  ).split(' '),
)

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword)
}

const larger: Combine = (a, b) => Math.max(Number(a), Number(b))
const smaller: Combine = (a, b) => Math.min(Number(a), Number(b))

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
  required: (a, b) => [...new Set([...list(a), ...list(b)])],
  nullable: (a, b) => a === true && b === true,
  type: (a, b) => commonTypes(list(a), list(b)),
  enum: (a, b) => list(a).filter((value) => list(b).some((other) => isSame(value, other))),
  properties: (a, b) => mergedProperties(a, b),
  items: bothOf,
  additionalProperties: bothOf,
}

/**
 * One schema for values that satisfy both. Throws EngineError `bad_format` where two keywords cannot be said in one.
 */
export function mergeSchemas(a: Schema, b: Schema, path: string): Schema {
  checkClosed(a, b, path)
  checkClosed(b, a, path)
  const merged = new Map(Object.entries(a))
  for (const [keyword, value] of Object.entries(b)) {
    const other = merged.get(keyword)
    if (other === undefined) merged.set(keyword, value)
    else if (!isAnnotation(keyword) && !isSame(other, value)) {
      const combine = Object.hasOwn(COMBINE, keyword) ? COMBINE[keyword] : undefined
      if (combine === undefined) throw badSchema(path, keyword, 'differs between schemas that must both hold')
      merged.set(keyword, combine(other, value))
    }
  }
  return Object.fromEntries(merged)
}

/** A schema that allows only its own properties forbids those of the other. */
function checkClosed(closed: Schema, other: Schema, path: string): void {
  if (closed.additionalProperties === undefined || closed.additionalProperties === true) return
  const own = isSchema(closed.properties) ? closed.properties : {}
  const foreign = Object.keys(isSchema(other.properties) ? other.properties : {})
  if (foreign.some((key) => !Object.hasOwn(own, key))) {
    throw badSchema(path, 'additionalProperties', 'excludes properties of another schema that must hold too')
  }
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

function commonTypes(a: unknown[], b: unknown[]): unknown[] {
  const has = (types: unknown[], type: unknown) =>
    types.includes(type) || (type === 'integer' && types.includes('number'))
  return [...new Set([...a.filter((type) => has(b, type)), ...b.filter((type) => has(a, type))])]
}

function mergedProperties(a: unknown, b: unknown): unknown {
  if (!isSchema(a) || !isSchema(b)) return a
  const merged = new Map(Object.entries(a))
  for (const [key, schema] of Object.entries(b)) {
    merged.set(key, merged.has(key) ? bothOf(merged.get(key), schema) : schema)
  }
  return Object.fromEntries(merged)
}

/** Both schemas, to be merged when they are compiled: they may be references. */
function bothOf(a: unknown, b: unknown): unknown {
  if (a === true) return b
  if (b === true) return a
  return a === false || b === false ? false : { allOf: [a, b] }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
