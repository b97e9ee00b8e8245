import { automatonRule } from './automaton-rule.ts'
import { type FractionBound, fractionRange, naturalRange } from './digits.ts'
import { sequence } from './gbnf.ts'
import { multiples } from './multiples.ts'
import { badSchema, noValue, type Schema, type SchemaContext } from './schema-types.ts'

/** A bound without its sign. */
interface Magnitude {
  whole: bigint
  /** Digits behind the point, no zeros at the end. */
  fraction: string
  isExclusive: boolean
}

interface Bound {
  value: number
  isExclusive: boolean
}

const ZERO: Magnitude = { whole: 0n, fraction: '', isExclusive: false }
/** Decimal digits that a double tells apart, whatever the number is. */
const EXACT_DIGITS = 15

/** Numbers a format of OpenAPI allows. The others, `float` and `double`, are any numbers. */
const FORMATS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
}

/** The rule for `type: "number"`. With bounds, numbers are written without an exponent. */
export function numberRule(schema: Schema, path: string, context: SchemaContext): string {
  const { low, high } = bounds(schema, path)
  if (schema.multipleOf !== undefined) return multiplesRule(schema.multipleOf, low, high, path, context)
  if (low === undefined && high === undefined) return context.json('number')
  return inRange(low, high, decimals, path, context)
}

/** The rule for `type: "integer"`. */
export function integerRule(schema: Schema, path: string, context: SchemaContext): string {
  const { low, high } = bounds(schema, path)
  const { multipleOf } = schema
  if (multipleOf !== undefined && multipleOf !== 1) {
    return multiplesRule(wholeStep(multipleOf, path), low, high, path, context)
  }
  if (low === undefined && high === undefined) return context.json('integer')
  return inRange(
    low && inwards(low, Math.ceil(low.value), 1),
    high && inwards(high, Math.floor(high.value), -1),
    integers,
    path,
    context,
  )
}

/** The first whole number inside a bound. */
function inwards(bound: Bound, rounded: number, step: 1 | -1): Bound {
  const isPast = bound.isExclusive && rounded === bound.value
  return { value: isPast ? rounded + step : rounded, isExclusive: false }
}

function bounds(schema: Schema, path: string): { low: Bound | undefined; high: Bound | undefined } {
  const format = typeof schema.format === 'string' ? schema.format : ''
  const [least, most] = Object.hasOwn(FORMATS, format) ? (FORMATS[format] ?? []) : []
  const limited = {
    ...schema,
    ...(least === undefined ? {} : { minimum: Math.max(least, Number(schema.minimum ?? least)) }),
    ...(most === undefined ? {} : { maximum: Math.min(most, Number(schema.maximum ?? most)) }),
  }
  const low = [bound(limited, 'minimum', false, path), bound(schema, 'exclusiveMinimum', true, path)]
  const high = [bound(limited, 'maximum', false, path), bound(schema, 'exclusiveMaximum', true, path)]
  return {
    low: stricter(low, (a, b) => a > b, schema.exclusiveMinimum === true),
    high: stricter(high, (a, b) => a < b, schema.exclusiveMaximum === true),
  }
}

function bound(schema: Schema, keyword: string, isExclusive: boolean, path: string): Bound | undefined {
  const value = schema[keyword]
  // In draft 4 the exclusive forms are flags on the others.
  if (value === undefined || (isExclusive && typeof value === 'boolean')) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return { value, isExclusive }
  throw badSchema(path, keyword, 'must be a number')
}

function stricter(
  [inclusive, exclusive]: (Bound | undefined)[],
  isInside: (a: number, b: number) => boolean,
  isFlagged: boolean,
): Bound | undefined {
  if (inclusive === undefined || exclusive === undefined) {
    const only = inclusive ?? exclusive
    return only && { value: only.value, isExclusive: only.isExclusive || isFlagged }
  }
  return isInside(inclusive.value, exclusive.value) ? inclusive : exclusive
}

/** Alternatives for unsigned numbers between two bounds. */
type Writer = (low: Magnitude, high: Magnitude | undefined) => string[]

function inRange(
  low: Bound | undefined,
  high: Bound | undefined,
  write: Writer,
  path: string,
  { grammar }: SchemaContext,
): string {
  const options: string[] = []
  if (high === undefined || high.value >= 0) {
    options.push(
      ...write(low === undefined || low.value < 0 ? ZERO : magnitude(low), high && magnitude(high)),
    )
  }
  if (low === undefined || low.value < 0) {
    const least = high === undefined || high.value > 0 ? ZERO : magnitude(high)
    options.push(...write(least, low && magnitude(low)).map((number) => `"-" ${number}`))
  }
  if (options.length === 0) throw noValue(path, 'minimum', 'and the maximum leave no number')
  return grammar.rule('number', options.join(' | '))
}

function integers(low: Magnitude, high: Magnitude | undefined): string[] {
  if (high !== undefined && high.whole < low.whole) return []
  return [naturalRange(low.whole, high?.whole)]
}

function decimals(low: Magnitude, high: Magnitude | undefined): string[] {
  const lowFraction = fractionBound(low)
  const most = Math.max(EXACT_DIGITS - String(high?.whole ?? low.whole).length, 1)
  if (high !== undefined && high.whole <= low.whole) {
    if (high.whole < low.whole) return []
    return withFraction(low.whole, fractionRange(lowFraction, highBound(high), most))
  }
  const options =
    lowFraction === undefined ? [] : withFraction(low.whole, fractionRange(lowFraction, undefined, most))
  const from = lowFraction === undefined ? low.whole : low.whole + 1n
  const to = high && high.whole - 1n
  if (to === undefined || from <= to) options.push(`${naturalRange(from, to)} ("." [0-9]{1,${most}})?`)
  if (high !== undefined) {
    options.push(...withFraction(high.whole, fractionRange(undefined, highBound(high), most)))
  }
  return options
}

function withFraction(whole: bigint, fraction: string | undefined): string[] {
  return fraction === undefined ? [] : [sequence(`"${whole}"`, fraction)]
}

/** A lower bound that is a whole number and allowed itself asks nothing of the fraction. */
function fractionBound(low: Magnitude): FractionBound | undefined {
  return low.fraction === '' && !low.isExclusive ? undefined : highBound(low)
}

function highBound({ fraction, isExclusive }: Magnitude): FractionBound {
  return { digits: fraction, isExclusive }
}

function magnitude({ value, isExclusive }: Bound): Magnitude {
  const { digits, decimals } = decimal(Math.abs(value))
  const padded = digits.padStart(decimals + 1, '0')
  const at = padded.length - decimals
  return { whole: BigInt(padded.slice(0, at)), fraction: padded.slice(at).replace(/0+$/, ''), isExclusive }
}

/** Steps must not make the automaton of remainders too large. */
const MAX_STEP = 100_000n

function wholeStep(step: unknown, path: string): unknown {
  const { digits, decimals } = decimal(positive(step, path))
  // Whole multiples of 2.5 are multiples of 5: the least whole multiple of the step takes its place.
  const scale = 10n ** BigInt(decimals)
  const scaled = BigInt(digits)
  return Number(scaled / commonDivisor(scaled, scale))
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b)
}

function positive(step: unknown, path: string): number {
  if (typeof step === 'number' && Number.isFinite(step) && step > 0) return step
  throw badSchema(path, 'multipleOf', 'must be a number above 0')
}

/** Multiples of a step, written with as many decimals as the step has. */
function multiplesRule(
  step: unknown,
  low: Bound | undefined,
  high: Bound | undefined,
  path: string,
  { grammar }: SchemaContext,
): string {
  const { digits, decimals } = decimal(positive(step, path))
  const size = BigInt(digits)
  if (size > MAX_STEP)
    throw badSchema(path, 'multipleOf', `is supported for steps of up to ${MAX_STEP} units`)
  const least = low && scaledInwards(low, decimals, 1n)
  const most = high && scaledInwards(high, decimals, -1n)
  const options: string[] = []
  for (const sign of ['', '-'] as const) {
    const [from, to] = sign === '' ? [least, most] : [most && -most, least && -least]
    if (to !== undefined && to < 0n) continue
    const automaton = multiples(Number(size), from !== undefined && from > 0n ? from : 0n, to, decimals)
    if (automaton === 'too large') throw badSchema(path, 'multipleOf', 'has too many remainders to follow')
    if (automaton === undefined) continue
    options.push(sequence(sign === '' ? '' : '"-"', automatonRule(grammar, automaton)))
  }
  if (options.length === 0) throw noValue(path, 'multipleOf', 'and the bounds leave no number')
  return grammar.rule('multiple', options.join(' | '))
}

/** A bound in units of the last decimal, rounded to the first unit inside. */
function scaledInwards({ value, isExclusive }: Bound, decimals: number, inwards: 1n | -1n): bigint {
  const { digits, decimals: own } = decimal(Math.abs(value))
  const sign = value < 0 ? -1n : 1n
  const scale = 10n ** BigInt(Math.max(own - decimals, 0))
  const exact = sign * BigInt(digits) * 10n ** BigInt(Math.max(decimals - own, 0))
  const cut = exact / scale
  const isExact = cut * scale === exact
  if (isExact) return isExclusive ? cut + inwards : cut
  // Division cuts towards zero, which is inwards on one side of it only.
  const isInside = inwards === 1n ? cut * scale > exact : cut * scale < exact
  return isInside ? cut : cut + inwards
}

/** The digits of a number that is not negative, and how many of them stand behind the point. */
function decimal(value: number): { digits: string; decimals: number } {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const decimals = fraction.length - Number(exponent)
  const digits = (whole + fraction).padEnd(decimals < 0 ? whole.length + fraction.length - decimals : 0, '0')
  return { digits, decimals: Math.max(decimals, 0) }
}
