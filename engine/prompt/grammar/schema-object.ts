import { type GrammarBuilder, literal, repeat, sequence } from './gbnf.ts'
import { otherKey } from './other-key.ts'
import { badSchema, child, count, isSchema, type Schema, type SchemaContext } from './schema-types.ts'

interface Property {
  /** Rule for the key, the colon and the value. */
  rule: string
  isRequired: boolean
}

/**
 * The rule for `type: "object"`. Properties come in the order of the schema. When it lists properties and does not
 * mention others, there are none: that is stricter than JSON Schema and what a caller means.
 */
export function objectRule(schema: Schema, path: string, context: SchemaContext): string {
  const { grammar, json } = context
  const properties = schema.properties ?? {}
  if (!isSchema(properties)) throw badSchema(path, 'properties', 'must be an object')
  const required = requiredOf(schema, path)
  const others = othersOf(schema, Object.keys(properties).length > 0)
  const isClosed = schema.additionalProperties === false || schema.unevaluatedProperties === false
  const listed = listedProperties(properties, required, { others, isClosed }, path, context)
  checkCounts(schema, path, listed, others !== undefined)
  if (listed.length === 0 && others === true) return json('object')
  const member = others === undefined ? undefined : otherMember(others, properties, required, path, context)
  const ws = json('ws')
  const most = listed.length === 0 ? count(schema, 'maxProperties', path) : undefined
  const members = membersRule(listed, member, { ...context, most })
  return grammar.rule('object', sequence('"{"', ws, members, members === '' ? '' : ws, '"}"'))
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

/** What properties that are not listed must be; undefined when there may be none. */
function othersOf(schema: Schema, hasListed: boolean): unknown {
  const others = schema.additionalProperties ?? schema.unevaluatedProperties ?? !hasListed
  if (others === false) return undefined
  return isSchema(others) && Object.keys(others).length === 0 ? true : others
}

function listedProperties(
  properties: Schema,
  required: readonly string[],
  { others, isClosed }: { others: unknown; isClosed: boolean },
  path: string,
  context: SchemaContext,
): Property[] {
  const unlisted = required.filter((key) => !Object.hasOwn(properties, key))
  if (unlisted.length > 0 && isClosed) {
    throw badSchema(path, 'required', `names "${unlisted[0]}", which is not among the properties`)
  }
  const all: [key: string, schema: unknown, at: string][] = [
    ...Object.entries(properties).map(
      ([key, value]) => [key, value, child(path, 'properties', key)] as [string, unknown, string],
    ),
    ...unlisted.map((key) => [key, others ?? true, child(path, 'required')] as [string, unknown, string]),
  ]
  return all
    .filter(([key, schema]) => schema !== false || required.includes(key))
    .map(([key, schema, at]) => ({
      rule: propertyRule(key, schema, at, context),
      isRequired: required.includes(key),
    }))
}

function propertyRule(key: string, schema: unknown, path: string, context: SchemaContext): string {
  const name = literal(JSON.stringify(key))
  const value = context.rule(schema, path)
  return context.grammar.rule(`${key}-kv`, `${name} ":" ${context.json('ws')} ${value}`)
}

function otherMember(
  others: unknown,
  properties: Schema,
  required: readonly string[],
  path: string,
  context: SchemaContext,
): string {
  const key = otherKey([...Object.keys(properties), ...required], context)
  const value = context.rule(others, child(path, 'additionalProperties'))
  return context.grammar.rule('other-kv', `${key} ":" ${context.json('ws')} ${value}`)
}

/** Numbers of properties can only be kept to where the listed ones decide them. */
function checkCounts(schema: Schema, path: string, listed: readonly Property[], isOpen: boolean): void {
  const least = count(schema, 'minProperties', path) ?? 0
  const most = count(schema, 'maxProperties', path)
  const required = listed.filter((property) => property.isRequired).length
  if (least > required)
    throw badSchema(path, 'minProperties', 'is not supported beyond the required properties')
  const isKept = most === undefined || (isOpen ? listed.length === 0 : listed.length <= most)
  if (!isKept) throw badSchema(path, 'maxProperties', 'is not supported beside these properties')
}

/**
 * `tail` rules match the members from one property on when there was one before, `head` rules when there was none:
 * so a comma stands between members whichever of them are left out. The size is linear in the number of properties.
 */
function membersRule(
  listed: readonly Property[],
  other: string | undefined,
  { grammar, json, most }: Pick<SchemaContext, 'grammar' | 'json'> & { most: number | undefined },
): string {
  const comma = `"," ${json('ws')}`
  let tail = ''
  let head = ''
  if (other !== undefined) {
    const further = grammar.rule('other-next', `${comma} ${other}`)
    tail = repeat(grammar, further, 0, most && most - 1)
    head = most === 0 ? '' : `(${sequence(other, tail)})?`
  }
  for (const { rule, isRequired } of listed.toReversed()) {
    head = headFrom(grammar, rule, isRequired, tail, head)
    const next = `${comma} ${rule}`
    tail = grammar.rule('tail', sequence(isRequired ? next : `(${next})?`, tail))
  }
  return head
}

function headFrom(
  grammar: GrammarBuilder,
  rule: string,
  isRequired: boolean,
  tail: string,
  head: string,
): string {
  const withThis = sequence(rule, tail)
  if (isRequired) return withThis
  return grammar.rule('head', `${withThis} | ${head === '' ? '""' : head}`)
}
