import { argument, type Filter, type FilterArguments } from './filter.ts'
import { picker, SEQUENCE_FILTERS } from './sequence-filters.ts'
import { NOT_TEST_FILTER, TEST_FILTER } from './test-arguments.ts'
import { testNamed } from './tests.ts'
import { TEXT_FILTERS } from './text-filters.ts'
import { isTruthy, itemsOf, lengthOf, toText, type Value } from './value.ts'

const VALUE_FILTERS: Readonly<Record<string, Filter>> = {
  default: withDefault,
  d: withDefault,
  length: lengthOf,
  count: lengthOf,
  abs: (v) => Math.abs(Number(v)),
  int: (v, given) => {
    const parsed = typeof v === 'string' ? Number.parseInt(v, 10) : Math.trunc(Number(v ?? Number.NaN))
    return Number.isNaN(parsed) ? (argument(given, 0, 'default') ?? 0) : parsed
  },
  float: (v, given) => {
    const parsed = Number.parseFloat(toText(v))
    return Number.isNaN(parsed) ? (argument(given, 0, 'default') ?? 0) : parsed
  },
  round: (v, given) => {
    const factor = 10 ** Number(argument(given, 0, 'precision') ?? 0)
    const method = argument(given, 1, 'method')
    const round = method === 'ceil' ? Math.ceil : method === 'floor' ? Math.floor : Math.round
    return round(Number(v) * factor) / factor
  },
  map: (v, given) => {
    const attribute = given.keywords.get('attribute')
    if (attribute !== undefined) {
      const pick = picker(attribute)
      return itemsOf(v).map((item) => pick(item) ?? given.keywords.get('default'))
    }
    const [name, ...args] = given.args
    return itemsOf(v).map((item) => applyFilter(toText(name), item, { args, keywords: given.keywords }))
  },
  select: (v, given) => chosen(v, (item) => item, given.args, true),
  reject: (v, given) => chosen(v, (item) => item, given.args, false),
  selectattr: (v, given) => chosen(v, picker(given.args[0]), given.args.slice(1), true),
  rejectattr: (v, given) => chosen(v, picker(given.args[0]), given.args.slice(1), false),
}

const FILTERS: Readonly<Record<string, Filter>> = { ...TEXT_FILTERS, ...SEQUENCE_FILTERS, ...VALUE_FILTERS }

/** `value | name(…)`. Throws when there is no such filter or it does not take the value. */
export function applyFilter(name: string, value: Value, given: FilterArguments): Value {
  if (name.startsWith(NOT_TEST_FILTER))
    return !testNamed(name.slice(NOT_TEST_FILTER.length))(value, given.args[0])
  if (name.startsWith(TEST_FILTER)) return testNamed(name.slice(TEST_FILTER.length))(value, given.args[0])
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
  if (filter === undefined) throw new Error(`No filter named '${name}'.`)
  return filter(value, given)
}

function withDefault(value: Value, given: FilterArguments): Value {
  const evenIfFalse = isTruthy(argument(given, 1, 'boolean'))
  const isMissing = value === undefined || (evenIfFalse && !isTruthy(value))
  return isMissing ? (argument(given, 0, 'default_value') ?? '') : value
}

/** `select` and its kin. A false value has no items, as in Python, where they are generators that never start. */
function chosen(value: Value, pick: (item: Value) => Value, test: Value[], keep: boolean): Value[] {
  if (!isTruthy(value)) return []
  const [name, other] = test
  const holds = name === undefined ? isTruthy : (v: Value) => testNamed(toText(name))(v, other)
  return itemsOf(value).filter((item) => holds(pick(item)) === keep)
}
