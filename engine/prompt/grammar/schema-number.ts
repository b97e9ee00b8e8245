import { decimal } from './decimal.ts'
import { type FractionBound, fractionRange, naturalRange } from './digits.ts'
import { sequence } from './gbnf.ts'
import { type Bound, multiplesRule, wholeStep } from './schema-multiple.ts'
import { badSchema, noValue, type Schema, type SchemaContext } from './schema-types.ts'

/** A bound without its sign. */
interface Magnitude {
  whole: bigint
  /** Digits behind the point, no zeros at the end. */
  fraction: string
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
  if (schema.multipleOf !== undefined) return multiplesRule(schema.multipleOf, { low, high }, path, context)
  if (low === undefined && high === undefined) return context.json('number')
  return inRange(low, high, decimals, path, context)
}

/** The rule for `type: "integer"`. */
export function integerRule(schema: Schema, path: string, context: SchemaContext): string {
  const { low, high } = bounds(schema, path)
  const { multipleOf } = schema
  if (multipleOf !== undefined && multipleOf !== 1) {
    return multiplesRule(wholeStep(multipleOf, path), { low, high }, path, context)
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
