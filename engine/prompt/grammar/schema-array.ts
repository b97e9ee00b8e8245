import { literal, repeat, sequence } from './gbnf.ts'
import { badSchema, child, count, type Schema, type SchemaContext } from './schema-types.ts'

/** The rule for `type: "array"`. A tuple has all of its items, and no others unless the schema speaks of others. */
export function arrayRule(schema: Schema, path: string, context: SchemaContext): string {
  const { grammar, json } = context
  const { tuple, others } = itemsOf(schema, path)
  const least = count(schema, 'minItems', path) ?? 0
  const most = count(schema, 'maxItems', path)
  const closed = others === undefined || others.schema === false
  const max = closed ? Math.min(most ?? tuple.length, tuple.length) : most
  if (max !== undefined && least > max)
    throw badSchema(path, 'minItems', 'asks for more items than there can be')
  const first = tuple
    .slice(0, max)
    .map(
      (item, at) => (at === 0 ? '' : `${literal(',')} ${json('ws')} `) + context.rule(item.schema, item.path),
    )
  const ws = json('ws')
  const rest = closed ? '' : otherItems(context, others, first.length, least, max)
  const inside = sequence(...first, rest)
  return grammar.rule('array', sequence('"["', ws, inside, inside === '' ? '' : ws, '"]"'))
}

interface Item {
  schema: unknown
  path: string
}

/** The items of a tuple, and what all further items are. The older drafts write a tuple into `items`. */
function itemsOf(schema: Schema, path: string): { tuple: Item[]; others: Item | undefined } {
  const isOld = Array.isArray(schema.items)
  const [tupleKey, othersKey] = isOld ? ['items', 'additionalItems'] : ['prefixItems', 'items']
  const tuple = schema[tupleKey] ?? []
  if (!Array.isArray(tuple)) throw badSchema(path, tupleKey, 'must be a list')
  const others = schema[othersKey] ?? (tuple.length === 0 ? true : undefined)
  return {
    tuple: tuple.map((item, at) => ({ schema: item, path: child(path, tupleKey, at) })),
    others: others === undefined ? undefined : { schema: others, path: child(path, othersKey) },
  }
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
  if (before > 0) return repeat(grammar, further, Math.max(least - before, 0), most && most - before)
  const all = sequence(item, repeat(grammar, further, Math.max(least - 1, 0), most && most - 1))
  return least > 0 ? all : `(${all})?`
}
