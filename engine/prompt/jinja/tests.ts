import { isIn } from './operators.ts'
import { compare, isDict, isEqual, type Value } from './value.ts'

type Test = (value: Value, argument: Value) => boolean

const isText = (value: Value) => typeof value === 'string'
const isSequence = (value: Value) =>
  Array.isArray(value) || isText(value) || isDict(value) || value === undefined

const TESTS: Readonly<Record<string, Test>> = {
  defined: (v) => v !== undefined,
  undefined: (v) => v === undefined,
  none: (v) => v === null,
  boolean: (v) => typeof v === 'boolean',
  true: (v) => v === true,
  false: (v) => v === false,
  number: (v) => typeof v === 'number' || typeof v === 'boolean',
  integer: (v) => Number.isInteger(v),
  float: (v) => typeof v === 'number' && !Number.isInteger(v),
  string: isText,
  mapping: isDict,
  iterable: isSequence,
  sequence: isSequence,
  callable: (v) => typeof v === 'function',
  odd: (v) => Math.abs(Number(v)) % 2 === 1,
  even: (v) => Number(v) % 2 === 0,
  divisibleby: (v, n) => Number(v) % Number(n) === 0,
  lower: (v) => typeof v === 'string' && v === v.toLowerCase() && v !== v.toUpperCase(),
  upper: (v) => typeof v === 'string' && v === v.toUpperCase() && v !== v.toLowerCase(),
  in: isIn,
  sameas: (v, other) => v === other,
  eq: isEqual,
  equalto: isEqual,
  '==': isEqual,
  ne: (v, other) => !isEqual(v, other),
  '!=': (v, other) => !isEqual(v, other),
  lt: (v, other) => compare(v, other) < 0,
  lessthan: (v, other) => compare(v, other) < 0,
  '<': (v, other) => compare(v, other) < 0,
  le: (v, other) => compare(v, other) <= 0,
  '<=': (v, other) => compare(v, other) <= 0,
  gt: (v, other) => compare(v, other) > 0,
  greaterthan: (v, other) => compare(v, other) > 0,
  '>': (v, other) => compare(v, other) > 0,
  ge: (v, other) => compare(v, other) >= 0,
  '>=': (v, other) => compare(v, other) >= 0,
}

/** The test behind `is NAME` and `select('NAME')`. Throws when there is none of that name. */
export function testNamed(name: string): Test {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
  if (test === undefined) throw new Error(`No test named '${name}'.`)
  return test
}
