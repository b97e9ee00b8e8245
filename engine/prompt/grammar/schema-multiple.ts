import { automatonRule } from './automaton-rule.ts'
import { decimal } from './decimal.ts'
import { sequence } from './gbnf.ts'
import { multiples } from './multiples.ts'
import { badSchema, noValue, type SchemaContext } from './schema-types.ts'

/** A bound of numbers; exclusive ones are not allowed themselves. */
export interface Bound {
  value: number
  isExclusive: boolean
}

/** Steps must not make the automaton of remainders too large. */
const MAX_STEP = 100_000n

/** The least whole number that is a multiple of the step: whole multiples of 2.5 are multiples of 5. */
export function wholeStep(step: unknown, path: string): number {
  const { digits, decimals } = decimal(positive(step, path))
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

/** The rule for multiples of a step, written with as many decimals as the step has. */
export function multiplesRule(
  step: unknown,
  { low, high }: { low: Bound | undefined; high: Bound | undefined },
  path: string,
  { grammar }: SchemaContext,
): string {
  const { digits, decimals } = decimal(positive(step, path))
  const size = BigInt(digits)
  if (size > MAX_STEP) {
    throw badSchema(path, 'multipleOf', `is supported for steps of up to ${MAX_STEP} units`)
  }
  const unsigned = (least: bigint | undefined, most: bigint | undefined): string | undefined => {
    if (most !== undefined && most < 0n) return undefined
    const from = least !== undefined && least > 0n ? least : 0n
    const automaton = multiples(Number(size), from, most, decimals)
    if (automaton === 'too large') throw badSchema(path, 'multipleOf', 'has too many remainders to follow')
    return automaton && automatonRule(grammar, automaton)
  }
  const least = low && scaledInwards(low, decimals, 1n)
  const most = high && scaledInwards(high, decimals, -1n)
  const above = unsigned(least, most)
  const below = unsigned(opposite(most), opposite(least))
  const options = [
    ...(above === undefined ? [] : [above]),
    ...(below === undefined ? [] : [sequence('"-"', below)]),
  ]
  if (options.length === 0) throw noValue(path, 'multipleOf', 'and the bounds leave no number')
  return grammar.rule('multiple', options.join(' | '))
}

const opposite = (value: bigint | undefined): bigint | undefined => (value === undefined ? undefined : -value)

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
