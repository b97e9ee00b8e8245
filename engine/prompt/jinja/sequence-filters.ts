import { argument, type Filter, type FilterArguments } from './filter.ts'
import { bounded } from './limits.ts'
import {
  compare,
  isDict,
  isEqual,
  isTruthy,
  itemsOf,
  Namespace,
  toRepr,
  toText,
  typeName,
  type Value,
} from './value.ts'

/** Filters over lists, and over strings and dicts as lists. */
export const SEQUENCE_FILTERS: Readonly<Record<string, Filter>> = {
  list: (v) => [...itemsOf(v)],
  first: (v) => itemsOf(v)[0],
  last: (v) => itemsOf(v).at(-1),
  reverse: (v) => (typeof v === 'string' ? [...v].reverse().join('') : [...itemsOf(v)].reverse()),
  join: (v, given) => {
    const pick = picker(argument(given, 1, 'attribute'))
    return bounded(
      itemsOf(v)
        .map((item) => toText(pick(item)))
        .join(toText(argument(given, 0, 'd'))),
    )
  },
  sort: (v, given) => {
    const [reverse, exact] = [argument(given, 0, 'reverse'), isTruthy(argument(given, 1, 'case_sensitive'))]
    const sorted = sortBy(itemsOf(v), picker(argument(given, 2, 'attribute')), exact)
    return isTruthy(reverse) ? sorted.reverse() : sorted
  },
  unique: (v, given) => {
    const pick = picker(argument(given, 1, 'attribute'))
    const seen = new Set<unknown>()
    return itemsOf(v).filter((item) => {
      const key = folded(pick(item), isTruthy(argument(given, 0, 'case_sensitive')))
      const identity = typeof key === 'object' && key !== null ? toRepr(key) : key
      return !seen.has(identity) && seen.add(identity)
    })
  },
  min: (v) => sortBy(itemsOf(v), picker(undefined), false)[0],
  max: (v) => sortBy(itemsOf(v), picker(undefined), false).at(-1),
  sum: (v, given) => {
    const pick = picker(argument(given, 0, 'attribute'))
    return itemsOf(v).reduce<number>((sum, item) => sum + Number(pick(item)), 0)
  },
  items: (v) => pairsOf(v),
  dictsort: (v, given) => {
    const at = argument(given, 1, 'by') === 'value' ? 1 : 0
    const pick = (pair: Value) => (Array.isArray(pair) ? pair[at] : undefined)
    const sorted = sortBy(pairsOf(v), pick, isTruthy(argument(given, 0, 'case_sensitive')))
    return isTruthy(argument(given, 2, 'reverse')) ? sorted.reverse() : sorted
  },
  groupby: (v, given) => groupBy(itemsOf(v), given),
}

/** Reads `a.b.0` of an item; without a path, the item itself. */
export function picker(path: Value): (item: Value) => Value {
  if (path === undefined || path === null) return (item) => item
  const keys = toText(path).split('.')
  return (item) => keys.reduce<Value>(fieldAt, item)
}

function fieldAt(value: Value, key: string): Value {
  if (isDict(value)) return value.get(key)
  if (value instanceof Namespace) return value.fields.get(key)
  return Array.isArray(value) ? value[Number(key)] : undefined
}

function pairsOf(value: Value): Value[] {
  if (value === undefined) return []
  if (!isDict(value)) throw new Error(`Can only get item pairs from a mapping, not ${typeName(value)}`)
  return [...value].map(([key, item]) => [key, item])
}

function sortBy(items: Value[], pick: (item: Value) => Value, exact: boolean): Value[] {
  return [...items].sort((a, b) => compare(folded(pick(a), exact), folded(pick(b), exact)))
}

/** Jinja orders and compares strings without regard to case unless asked. */
function folded(value: Value, exact: boolean): Value {
  return typeof value === 'string' && !exact ? value.toLowerCase() : value
}

function groupBy(items: Value[], given: FilterArguments): Value[] {
  const pick = picker(argument(given, 0, 'attribute'))
  const groups: [key: Value, members: Value[]][] = []
  for (const item of sortBy(items, pick, false)) {
    const last = groups.at(-1)
    if (last !== undefined && isEqual(last[0], pick(item))) last[1].push(item)
    else groups.push([pick(item), [item]])
  }
  return groups
}
