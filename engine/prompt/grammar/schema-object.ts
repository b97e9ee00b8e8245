import { type GrammarBuilder, literal, repeat, sequence } from './gbnf.ts'
import { type Candidate, orderedChoice } from './ordered-choice.ts'
import { otherMembers } from './other-members.ts'
import { matchingPatterns, nameRules, othersOf } from './property-names.ts'
import { bothSchemas } from './schema-merge.ts'
import {
  badSchema,
  child,
  count,
  isSchema,
  noValue,
  type Schema,
  type SchemaContext,
} from './schema-types.ts'

/**
 * The rule for `type: "object"`. Properties come in the order of the schema. When it lists properties and does not
 * mention others, there are none: that is stricter than JSON Schema and what a caller means.
 */
export function objectRule(schema: Schema, path: string, context: SchemaContext): string {
  const { grammar, json } = context
  const required = requiredOf(schema, path)
  const names = nameRules(schema, path, context)
  const properties = propertiesOf(schema, required, names, path)
  const listed = properties.flatMap(({ key, schema: value, path: place }) => {
    const isRequired = required.includes(key)
    if (value === false && !isRequired) return []
    return [{ rule: propertyRule(key, value, place, context), isRequired }]
  })
  const bounds = boundsOf(schema, path)
  if (properties.length === 0 && names.isFree && bounds === undefined && othersOf(schema) === true) {
    return json('object')
  }
  const member = otherMembers(
    schema,
    properties.map(({ key }) => key),
    names,
    path,
    context,
  )
  const ws = json('ws')
  const members =
    bounds === undefined
      ? membersRule(listed, member, `"," ${ws}`, grammar)
      : countedMembers(listed, member, bounds, path, context)
  return grammar.rule('object', sequence('"{"', ws, members, members === '' ? '' : ws, '"}"'))
}

interface Property {
  key: string
  schema: unknown
  path: string
}

function requiredOf(schema: Schema, path: string): string[] {
  const required = schema.required ?? []
  // In draft 3 and in OpenAPI mistakes it is a flag; as such it asks nothing of this object.
  if (typeof required === 'boolean') return []
  if (!Array.isArray(required) || !required.every((key) => typeof key === 'string')) {
    throw badSchema(path, 'required', 'must be a list of strings')
  }
  return required
}

/** The listed properties and those only required, each with all that holds for it. */
function propertiesOf(
  schema: Schema,
  required: readonly string[],
  names: ReturnType<typeof nameRules>,
  path: string,
): Property[] {
  const listed = schema.properties ?? {}
  if (!isSchema(listed)) throw badSchema(path, 'properties', 'must be an object')
  const isClosed = schema.additionalProperties === false || schema.unevaluatedProperties === false
  const unlisted = [...new Set(required)].filter((key) => !Object.hasOwn(listed, key))
  const others = othersOf(schema)
  const all: Property[] = [
    ...Object.entries(listed).map(([key, value]) => ({
      key,
      schema: value,
      path: child(path, 'properties', key),
    })),
    ...unlisted.map((key) => {
      const isMatched = matchingPatterns(schema, key, path).length > 0
      if (isClosed && !isMatched) {
        throw noValue(path, 'required', `names "${key}", which is not among the properties`)
      }
      const value = isMatched || others === false ? true : others
      return { key, schema: value, path: child(path, 'required') }
    }),
    ...names.listed
      .filter((key) => !Object.hasOwn(listed, key) && !unlisted.includes(key))
      .map((key) => ({ key, schema: others, path: child(path, 'propertyNames') })),
  ]
  return all.map((property) => {
    const patterns = matchingPatterns(schema, property.key, path)
    const value = names.allows(property.key) ? patterns.reduce(bothSchemas, property.schema) : false
    return { ...property, schema: value }
  })
}

function propertyRule(key: string, schema: unknown, path: string, context: SchemaContext): string {
  const name = literal(JSON.stringify(key))
  const value = context.rule(schema, path)
  return context.grammar.rule(`${key}-kv`, `${name} ":" ${context.json('ws')} ${value}`)
}

function boundsOf(schema: Schema, path: string): { min: number; max: number } | undefined {
  const min = count(schema, 'minProperties', path)
  const max = count(schema, 'maxProperties', path)
  if (min === undefined && max === undefined) return undefined
  return { min: min ?? 0, max: max ?? Number.POSITIVE_INFINITY }
}

function countedMembers(
  listed: readonly Candidate[],
  other: string | undefined,
  bounds: { min: number; max: number },
  path: string,
  { grammar, json }: SchemaContext,
): string {
  const comma = `"," ${json('ws')}`
  const further = other === undefined ? undefined : grammar.rule('other-next', `${comma} ${other}`)
  // A bound past all listed properties bounds nothing but the others.
  const most = other === undefined ? Math.min(bounds.max, listed.length) : bounds.max
  const made = orderedChoice(
    grammar,
    listed,
    comma,
    { min: bounds.min, max: most },
    other === undefined || further === undefined
      ? undefined
      : (isFirst, min, max) => {
          const limit = Number.isFinite(max) ? max : undefined
          if (!isFirst) return repeat(grammar, further, min, limit)
          if (limit === 0) return ''
          const all = sequence(other, repeat(grammar, further, 0, limit && limit - 1))
          return min > 0 ? all : `(${all})?`
        },
  )
  if (made !== undefined) return made
  // Two of the other properties might be the same one written twice.
  const why =
    other === undefined ? 'cannot be met' : 'is supported up to one more than the required properties'
  throw noValue(path, bounds.min > 0 ? 'minProperties' : 'maxProperties', why)
}

/**
 * `rest` rules match the members from one property on. A comma is written before it is decided which member follows, so
 * that what may follow is read once, whichever members are left out. The size is linear in the number of properties.
 */
export function membersRule(
  listed: readonly Candidate[],
  other: string | undefined,
  comma: string,
  grammar: GrammarBuilder,
): string {
  let rest =
    other === undefined
      ? undefined
      : grammar.rule('others', `${other} ${repeat(grammar, `(${comma} ${other})`, 0, undefined)}`)
  let mayEnd = true
  for (const { rule, isRequired } of listed.toReversed()) {
    const onward = sequence(comma, rest ?? '')
    const further = rest === undefined ? '' : mayEnd ? `(${onward})?` : onward
    const withThis = sequence(rule, further)
    rest = grammar.rule('rest', isRequired || rest === undefined ? withThis : `${withThis} | ${rest}`)
    mayEnd &&= !isRequired
  }
  if (rest === undefined) return ''
  return mayEnd ? `(${rest})?` : rest
}
