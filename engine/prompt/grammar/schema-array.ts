import { literal, repeat, sequence } from './gbnf.ts'
import { literalTree } from './literal-tree.ts'
import { orderedChoice } from './ordered-choice.ts'
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
 * The rule for `type: "array"`. A tuple has all of its items, and no others unless the schema speaks of others. Items
 * that `contains` asks for come first. Different items (`uniqueItems`) are chosen from listed values, in their order.
 */
export function arrayRule(schema: Schema, path: string, context: SchemaContext): string {
  const { grammar, json } = context
  const shape = shapeOf(schema, path)
  const { tuple, others, least, most } = shape
  const ws = json('ws')
  const inside =
    schema.uniqueItems === true && (most ?? 2) > 1
      ? differentItems(shape, path, context)
      : sequence(
          ...tuple.map(
            (item, at) => (at === 0 ? '' : `${literal(',')} ${ws} `) + context.rule(item.schema, item.path),
          ),
          others === undefined ? '' : otherItems(context, others, tuple.length, least, most),
        )
  return grammar.rule('array', sequence('"["', ws, inside, inside === '' ? '' : ws, '"]"'))
}

interface Item {
  schema: unknown
  path: string
}

interface Shape {
  /** The items at the front, all of them present. */
  tuple: Item[]
  /** What each item behind them is; undefined when there are none. */
  others: Item | undefined
  least: number
  most: number | undefined
}

/** The older drafts write a tuple into `items`. */
function shapeOf(schema: Schema, path: string): Shape {
  const isOld = Array.isArray(schema.items)
  const [tupleKey, othersKey] = isOld ? ['items', 'additionalItems'] : ['prefixItems', 'items']
  const listed = schema[tupleKey] ?? []
  if (!Array.isArray(listed)) throw badSchema(path, tupleKey, 'must be a list')
  const others = schema[othersKey] ?? listed.length === 0
  const wanted = wantedItems(schema, path, listed.length)
  const fixed: Item[] = [
    ...listed.map((item, at) => ({ schema: item, path: child(path, tupleKey, at) })),
    ...wanted.map((item) => ({ schema: bothSchemas(others, item), path: child(path, 'contains') })),
  ]
  const least = count(schema, 'minItems', path) ?? 0
  const most = count(schema, 'maxItems', path)
  if (wanted.length > (most ?? wanted.length)) {
    throw noValue(path, 'contains', 'asks for more items than there can be')
  }
  const tuple = fixed.slice(0, most)
  const max = others === false ? tuple.length : most
  if (max !== undefined && least > max)
    throw noValue(path, 'minItems', 'asks for more items than there can be')
  return {
    tuple,
    others: others === false ? undefined : { schema: others, path: child(path, othersKey) },
    least,
    most: max,
  }
}

/** The schemas of the items that `contains` asks for. */
function wantedItems(schema: Schema, path: string, tupleLength: number): unknown[] {
  if (schema.contains === undefined) return []
  const least = count(schema, 'minContains', path) ?? 1
  if (least > 0 && tupleLength > 0) {
    throw badSchema(path, 'contains', 'is not supported beside items that are listed one by one')
  }
  if (least > 100) throw badSchema(path, 'minContains', 'is supported up to 100')
  return Array.from({ length: least }, () => schema.contains)
}

function otherItems(
  context: SchemaContext,
  others: Item,
  before: number,
  least: number,
  most: number | undefined,
): string {
  const { grammar, json } = context
  if (most !== undefined && most <= before) return ''
  const item = context.rule(others.schema, others.path)
  const further = grammar.rule('next', `${literal(',')} ${json('ws')} ${item}`)
  if (before > 0) {
    return repeat(
      grammar,
      further,
      Math.max(least - before, 0),
      most === undefined ? undefined : most - before,
    )
  }
  const all = sequence(
    item,
    repeat(grammar, further, Math.max(least - 1, 0), most === undefined ? undefined : most - 1),
  )
  return least > 0 ? all : `(${all})?`
}

/** Values a list of different items is chosen from. */
const MAX_VALUES = 64

function differentItems({ tuple, others, least, most }: Shape, path: string, context: SchemaContext): string {
  const { grammar, json } = context
  const values =
    others && tuple.length === 0 ? listedValues(context.resolved(others.schema, others.path)) : undefined
  if (values === undefined || values.length > MAX_VALUES) {
    throw badSchema(path, 'uniqueItems', `is supported for items of at most ${MAX_VALUES} listed values`)
  }
  const candidates = values.map((value) => ({
    rule: literalTree(grammar, 'value', [value]),
    isRequired: false,
  }))
  const max = Math.min(most ?? values.length, values.length)
  const comma = `${literal(',')} ${json('ws')}`
  const chosen = orderedChoice(grammar, candidates, comma, { min: least, max }, undefined)
  if (chosen === undefined) throw noValue(path, 'minItems', 'asks for more items than there can be')
  return chosen
}

/** All values of a schema, as JSON; undefined when they cannot be listed. */
function listedValues(schema: unknown): string[] | undefined {
  if (!isSchema(schema)) return undefined
  const { type, enum: values, const: only } = schema
  const listed = values ?? (only !== undefined ? [only] : type === 'boolean' ? [false, true] : undefined)
  const others = Object.keys(schema).filter(
    (word) => !['type', 'enum', 'const', 'title', 'description'].includes(word),
  )
  if (!Array.isArray(listed) || others.length > 0) return undefined
  const isString = type === undefined || type === 'boolean' || listed.every((value) => typeof value === type)
  return isString ? [...new Set(listed.map((value) => JSON.stringify(value)))] : undefined
}
