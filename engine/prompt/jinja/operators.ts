import { bounded, MAX_LIST, MAX_TEXT, tooLarge } from './limits.ts'
import { percentFormat } from './text-format.ts'
import {
  compare,
  isDict,
  isEqual,
  isNumeric,
  itemsOf,
  Namespace,
  toText,
  typeName,
  type Value,
} from './value.ts'

type Operator = (left: Value, right: Value) => Value

/** The binary operators that look at both sides; `and` and `or` do not. Throws on types that do not go together. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': (a, b) => isEqual(a, b),
  '!=': (a, b) => !isEqual(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '>': (a, b) => compare(a, b) > 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>=': (a, b) => compare(a, b) >= 0,
  in: (a, b) => isIn(a, b),
  'not in': (a, b) => !isIn(a, b),
  '~': (a, b) => bounded(toText(a) + toText(b)),
  '+': add,
  '-': (a, b) => numbers('-', a, b, (x, y) => x - y),
  '*': multiply,
  '/': (a, b) => numbers('/', a, b, (x, y) => x / notZero(y)),
  '//': (a, b) => numbers('//', a, b, (x, y) => Math.floor(x / notZero(y))),
  '%': (a, b) =>
    typeof a === 'string'
      ? bounded(percentFormat(a, b))
      : // Python's remainder has the sign of the divisor.
        numbers('%', a, b, (x, y) => x - y * Math.floor(x / notZero(y))),
  '**': (a, b) => numbers('**', a, b, (x, y) => x ** y),
}

function add(a: Value, b: Value): Value {
  if (typeof a === 'string' && typeof b === 'string') return bounded(a + b)
  if (Array.isArray(a) && Array.isArray(b)) return bounded([...a, ...b])
  return numbers('+', a, b, (x, y) => x + y)
}

function multiply(a: Value, b: Value): Value {
  if (isNumeric(a) && !isNumeric(b)) return multiply(b, a)
  if (!isNumeric(b)) throw unsupported('*', a, b)
  const times = Math.max(Number(b), 0)
  if (typeof a === 'string') {
    if (a.length * times > MAX_TEXT) throw tooLarge()
    return a.repeat(times)
  }
  if (Array.isArray(a)) {
    if (Math.max(a.length, 1) * times > MAX_LIST) throw tooLarge()
    return Array.from({ length: times }, () => a).flat()
  }
  return numbers('*', a, b, (x, y) => x * y)
}

function numbers(operator: string, a: Value, b: Value, apply: (x: number, y: number) => number): number {
  if (!isNumeric(a) || !isNumeric(b)) throw unsupported(operator, a, b)
  return apply(Number(a), Number(b))
}

function notZero(divisor: number): number {
  if (divisor === 0) throw new Error('division by zero')
  return divisor
}

/** Python's `in`. */
export function isIn(item: Value, container: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item === 'string') return container.includes(item)
    throw new Error(`'in <string>' requires string as left operand, not ${typeName(item)}`)
  }
  if (isDict(container)) return container.has(item)
  if (container instanceof Namespace) return typeof item === 'string' && container.fields.has(item)
  return itemsOf(container).some((other) => isEqual(item, other))
}

function unsupported(operator: string, a: Value, b: Value): Error {
  return new Error(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`)
}
