import { oneOf } from './gbnf.ts'

/** Digits of a number without an upper bound. */
const MAX_DIGITS = 16

/** Whole numbers from `low` to `high` (none: no bound), without sign and without leading zeros. */
export function naturalRange(low: bigint, high: bigint | undefined): string {
  const options: string[] = []
  let from = low
  for (let length = String(low).length; high === undefined || from <= high; length++) {
    const last = 10n ** BigInt(length) - 1n
    if (high === undefined && length > String(low).length) {
      if (length <= MAX_DIGITS) options.push(`[1-9] [0-9]{${length - 1},${MAX_DIGITS - 1}}`)
      break
    }
    const to = high === undefined || high > last ? last : high
    options.push(sameLength(String(from), String(to)))
    from = last + 1n
  }
  return oneOf(options)
}

/** Numbers of one length, by their digits. */
function sameLength(low: string, high: string): string {
  if (low === '') return ''
  if (/^0+$/.test(low) && /^9+$/.test(high)) return low.length === 1 ? '[0-9]' : `[0-9]{${low.length}}`
  const [first, last] = [Number(low[0]), Number(high[0])]
  const [lowRest, highRest] = [low.slice(1), high.slice(1)]
  if (first === last) return `"${first}"${spaced(sameLength(lowRest, highRest))}`
  const zeros = '0'.repeat(lowRest.length)
  const nines = '9'.repeat(lowRest.length)
  const isLowWhole = lowRest === zeros
  const isHighWhole = highRest === nines
  const middle = [isLowWhole ? first : first + 1, isHighWhole ? last : last - 1] as const
  return oneOf([
    ...(isLowWhole ? [] : [`"${first}"${spaced(sameLength(lowRest, nines))}`]),
    ...(middle[0] > middle[1] ? [] : [`${digitClass(...middle)}${spaced(sameLength(zeros, nines))}`]),
    ...(isHighWhole ? [] : [`"${last}"${spaced(sameLength(zeros, highRest))}`]),
  ])
}

function spaced(rest: string): string {
  return rest === '' ? '' : ` ${rest}`
}

function digitClass(low: number, high: number): string {
  return low === high ? `"${low}"` : `[${low}-${high}]`
}

/** A bound on a fraction: its digits (`25` is 0.25), and whether the bound itself is left out. */
export interface FractionBound {
  digits: string
  isExclusive: boolean
}

/** Where a fraction stands while its digits are read: at which digit, and which bounds it equals so far. */
interface Place {
  at: number
  /** Digits there may still be. */
  left: number
  low: FractionBound | undefined
  high: FractionBound | undefined
}

/**
 * The point and the digits behind it, where the fraction must lie between two bounds (none: no bound on that side).
 * Optional where a number without a fraction is in range too. Undefined when there is no such fraction. There are at
 * most `most` digits, or one more than the bounds have: further ones could round to what lies past a bound.
 */
export function fractionRange(
  low: FractionBound | undefined,
  high: FractionBound | undefined,
  most: number,
): string | undefined {
  const left = Math.max(most, (low?.digits.length ?? 0) + 1, (high?.digits.length ?? 0) + 1)
  const start = { at: 0, left, low, high }
  const behindPoint = digits(start)
  if (behindPoint === undefined) return mayEnd(start) ? '' : undefined
  return mayEnd(start) ? `("." ${behindPoint})?` : `"." ${behindPoint}`
}

/** Whether the number may end here. */
function mayEnd({ at, low, high }: Place): boolean {
  const isTooLow = low !== undefined && (low.isExclusive || !isZeroFrom(low, at))
  const isTooHigh = high?.isExclusive === true && isZeroFrom(high, at)
  return !isTooLow && !isTooHigh
}

/** What may follow, the end not counted. Undefined when nothing may. */
function digits(place: Place): string | undefined {
  const { at, left, low, high } = place
  if (low === undefined && high === undefined) return `[0-9]{1,${Math.max(left, 1)}}`
  if (at >= Math.max(low?.digits.length ?? 0, high?.digits.length ?? 0)) return tail(place)
  const from = digitAt(low, at, 0)
  const to = digitAt(high, at, 9)
  if (from > to) return undefined
  const first = from + Number(low !== undefined)
  const last = to - Number(high !== undefined)
  const between = first <= last ? [`${digitClass(first, last)}${free(left - 1)}`] : []
  const options = [...between, ...edges(place, from, to)]
  return options.length === 0 ? undefined : oneOf(options)
}

/** Digits that equal a bound's digit, so that the rest is bounded too. */
function edges({ at, left, low, high }: Place, from: number, to: number): string[] {
  const found = [...(low === undefined ? [] : [from]), ...(high === undefined ? [] : [to])]
  return [...new Set(found)].flatMap((digit) => {
    const next = {
      at: at + 1,
      left: left - 1,
      low: digit === from ? low : undefined,
      high: digit === to ? high : undefined,
    }
    const rest = digits(next)
    if (rest === undefined) return mayEnd(next) ? [`"${digit}"`] : []
    return [`"${digit}" ${mayEnd(next) ? `(${rest})?` : rest}`]
  })
}

/** Behind the last digit of both bounds: only zeros keep equal to a bound. */
function tail({ left, low, high }: Place): string | undefined {
  if (left < 1) return undefined
  if (high !== undefined) return high.isExclusive || low?.isExclusive ? undefined : `"0"{1,${left}}`
  if (!low?.isExclusive) return `[0-9]{1,${left}}`
  const zeros = Math.floor((left - 1) / 2)
  return `${zeros === 0 ? '' : `"0"{0,${zeros}} `}[1-9]${free(left - 1 - zeros)}`
}

/** Up to so many digits, whatever they are. */
function free(most: number): string {
  return most < 1 ? '' : ` [0-9]{0,${most}}`
}

function digitAt(bound: FractionBound | undefined, at: number, free: number): number {
  return bound === undefined ? free : Number(bound.digits[at] ?? 0)
}

function isZeroFrom(bound: FractionBound, at: number): boolean {
  return /^0*$/.test(bound.digits.slice(at))
}
