import { isOfKind, KINDS, type Kind, kindsOf } from './schema-kinds.ts'
import { haveNoTextInCommon } from './schema-string.ts'
import { isSchema, type Schema } from './schema-types.ts'

/** Writes out references and `allOf` of a subschema. */
type Resolve = (schema: unknown) => unknown

/** How deep properties are compared. */
const MAX_DEPTH = 6

/**
 * Whether it is certain that no value the grammar of one schema lets through satisfies the other, both ways. What
 * tells alternatives apart is looked for in types, listed values, bounds, and properties that must or must not be.
 */
export function areDisjoint(a: unknown, b: unknown, resolve: Resolve, depth = MAX_DEPTH): boolean {
  const [one, other] = [resolve(a), resolve(b)]
  if (one === false || other === false) return true
  if (!isSchema(one) || !isSchema(other) || depth === 0) return false
  for (const [schema, against] of [[one, other] as const, [other, one] as const]) {
    const { anyOf, oneOf, ...rest } = schema
    const options = anyOf ?? oneOf
    if (!Array.isArray(options)) continue
    return (
      areDisjoint(rest, against, resolve, depth - 1) ||
      options.every((option) => areDisjoint(option, against, resolve, depth - 1))
    )
  }
  const values = valuesOf(one) ?? valuesOf(other)
  if (values !== undefined) {
    return values.every((value) => excludes(one, value) || excludes(other, value))
  }
  const common = kinds(one).filter((kind) => kinds(other).includes(kind))
  return common.every((kind) => isToldApart(kind, one, other, resolve, depth))
}

function kinds(schema: Schema): readonly Kind[] {
  const named = kindsOf(schema, '#')
  const all = named.length === 0 ? KINDS.filter((kind) => kind !== 'integer') : named
  // An integer is a number too.
  return all.map((kind) => (kind === 'integer' ? 'number' : kind))
}

function valuesOf({ const: only, enum: values }: Schema): unknown[] | undefined {
  if (only !== undefined) return [only]
  return Array.isArray(values) ? values : undefined
}

function excludes(schema: Schema, value: unknown): boolean {
  const values = valuesOf(schema)
  if (values !== undefined && !values.some((each) => JSON.stringify(each) === JSON.stringify(value)))
    return true
  const named = kindsOf(schema, '#')
  return named.length > 0 && !named.some((kind) => isOfKind(value, kind))
}

function isToldApart(kind: Kind, a: Schema, b: Schema, resolve: Resolve, depth: number): boolean {
  switch (kind) {
    case 'string':
      return haveNoTextInCommon(a, b, '#')
    case 'number':
      return isApart(a, b, ['minimum', 'exclusiveMinimum'], ['maximum', 'exclusiveMaximum'], true)
    case 'array':
      return isApart(a, b, ['minItems'], ['maxItems'], false)
    case 'object':
      return lacksProperty(a, b) || lacksProperty(b, a) || propertyDiffers(a, b, resolve, depth)
    default:
      return false
  }
}

/** One range ends before the other begins. */
function isApart(
  a: Schema,
  b: Schema,
  lows: readonly string[],
  highs: readonly string[],
  isExclusive: boolean,
): boolean {
  const low = (schema: Schema) =>
    Math.max(...lows.map((word) => Number(schema[word] ?? Number.NEGATIVE_INFINITY)))
  const high = (schema: Schema) =>
    Math.min(...highs.map((word) => Number(schema[word] ?? Number.POSITIVE_INFINITY)))
  const isOpen = (schema: Schema) =>
    isExclusive && (schema.exclusiveMinimum ?? schema.exclusiveMaximum) !== undefined
  const before = (x: Schema, y: Schema) =>
    high(x) < low(y) || (high(x) === low(y) && (isOpen(x) || isOpen(y)) && Number.isFinite(low(y)))
  return before(a, b) || before(b, a)
}

const requiredIn = ({ required }: Schema): unknown[] => (Array.isArray(required) ? required : [])
const propertiesIn = ({ properties }: Schema): Schema => (isSchema(properties) ? properties : {})

/** One has to have a property that the other never has; what lists properties has no others here. */
function lacksProperty(a: Schema, b: Schema): boolean {
  const own = propertiesIn(b)
  const isClosed =
    b.patternProperties === undefined &&
    (b.additionalProperties === false ||
      (Object.values(own).some((value) => value !== false) &&
        b.additionalProperties === undefined &&
        b.unevaluatedProperties === undefined))
  // What the other requires it does have, listed or not.
  const has = (key: unknown) =>
    requiredIn(b).includes(key) || (Object.hasOwn(own, String(key)) && own[String(key)] !== false)
  const isForbidden = (key: unknown) => own[String(key)] === false && Object.hasOwn(own, String(key))
  return requiredIn(a).some((key) => isForbidden(key) || (isClosed && !has(key)))
}

function propertyDiffers(a: Schema, b: Schema, resolve: Resolve, depth: number): boolean {
  const [own, others] = [propertiesIn(a), propertiesIn(b)]
  const keys = [...new Set([...requiredIn(a), ...requiredIn(b)])].map(String)
  return keys.some(
    (key) =>
      Object.hasOwn(own, key) &&
      Object.hasOwn(others, key) &&
      areDisjoint(own[key], others[key], resolve, depth - 1),
  )
}
