/**
 * What a template computes with, on plain JavaScript values. Two differences from Python are accepted: a float
 * without a fraction prints as an integer (JSON numbers do not tell them apart), and tuples are lists.
 */
export type Value =
  /** Python's Undefined: prints as nothing, loops over nothing. */
  undefined | null | boolean | number | string | Value[] | Dict | Namespace | Callable

/** A Map keeps the order of keys that look like numbers, which an object does not. */
export type Dict = Map<Value, Value>

export type Callable = (args: Value[], keywords: Map<string, Value>) => Value

/** The one kind of object whose attributes a template may set. */
export class Namespace {
  readonly fields = new Map<string, Value>()
}

/** Data from outside as template values. Class instances other than plain objects are not expected. */
export function toValue(data: unknown): Value {
  if (Array.isArray(data)) return data.map(toValue)
  if (typeof data === 'object' && data !== null) {
    return new Map(Object.entries(data).map(([key, value]) => [key, toValue(value)]))
  }
  switch (typeof data) {
    case 'string':
    case 'number':
    case 'boolean':
      return data
    default:
      return data === null ? null : undefined
  }
}

export function isDict(value: Value): value is Dict {
  return value instanceof Map
}

export function isTruthy(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (isDict(value)) return value.size > 0
  return Boolean(value)
}

/** The name Python gives the type, for messages. */
export function typeName(value: Value): string {
  if (value === undefined) return 'Undefined'
  if (value === null) return 'NoneType'
  if (Array.isArray(value)) return 'list'
  if (isDict(value)) return 'dict'
  if (value instanceof Namespace) return 'Namespace'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float'
    case 'string':
      return 'str'
    default:
      return 'function'
  }
}

/** Python's `str(value)`: what `{{ value }}` prints. */
export function toText(value: Value): string {
  if (typeof value === 'string') return value
  if (value === undefined) return ''
  return toRepr(value)
}

/** Python's `repr(value)`. */
export function toRepr(value: Value): string {
  if (typeof value === 'string') return quoted(value)
  if (value === undefined) return 'Undefined'
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (Array.isArray(value)) return `[${value.map(toRepr).join(', ')}]`
  if (value instanceof Namespace) return `<Namespace ${toRepr(value.fields)}>`
  if (isDict(value)) return `{${[...value].map(([k, v]) => `${toRepr(k)}: ${toRepr(v)}`).join(', ')}}`
  return typeof value === 'number' ? String(value) : '<function>'
}

/** Python prefers single quotes and turns to double ones when that saves escapes. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = text.replace(/[\\'"\p{Cc}]/gu, (char) => {
    if (char === '\\') return '\\\\'
    if (char === '"' || char === "'") return char === quote ? `\\${char}` : char
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char]
    return short ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return quote + body + quote
}

/** Python's `==`: by content for lists and dicts. */
export function isEqual(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  }
  if (isDict(a) && isDict(b)) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && isEqual(value, b.get(key)))
  }
  if (typeof a === 'boolean' && typeof b === 'number') return Number(a) === b
  if (typeof a === 'number' && typeof b === 'boolean') return a === Number(b)
  return a === b
}

/** Python's ordering: negative, zero or positive. Throws on values that have no order among them. */
export function compare(a: Value, b: Value): number {
  if (isNumeric(a) && isNumeric(b)) return Number(a) - Number(b)
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  if (Array.isArray(a) && Array.isArray(b)) {
    const at = a.findIndex((item, i) => i >= b.length || !isEqual(item, b[i]))
    if (at < 0) return a.length - b.length
    return at >= b.length ? 1 : compare(a[at], b[at])
  }
  throw new Error(`'${typeName(a)}' and '${typeName(b)}' cannot be ordered`)
}

export function isNumeric(value: Value): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean'
}

/** What `for`, `list` and the filters over sequences see. Throws on values that have no items. */
export function itemsOf(value: Value): Value[] {
  if (Array.isArray(value)) return value
  if (value === undefined) return []
  if (typeof value === 'string') return [...value]
  if (isDict(value)) return [...value.keys()]
  throw new Error(`'${typeName(value)}' object is not iterable`)
}

/** Python's `len`. Throws on values without one. */
export function lengthOf(value: Value): number {
  if (isDict(value)) return value.size
  if (typeof value === 'string' || Array.isArray(value) || value === undefined) return itemsOf(value).length
  throw new Error(`object of type '${typeName(value)}' has no len()`)
}
