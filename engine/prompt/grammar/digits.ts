import { oneOf } from './gbnf.ts'

/** Digits of a fraction, and of a number without an upper bound. */
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

export function digitClass(low: number, high: number): string {
  return low === high ? `"${low}"` : `[${low}-${high}]`
}

/** A bound on a fraction: its digits (`25` is 0.25), and whether the bound itself is left out. */
export interface FractionBound {
  digits: string
  isExclusive: boolean
}

const FREE = `[0-9]{0,${MAX_DIGITS - 1}}`

/**
 * The point and the digits behind it, where the fraction must lie between two bounds (none: no bound on that side).
 * Empty alternatives stand for a number without a fraction. Undefined when there is no such fraction.
 */
export function fractionRange(low: FractionBound | undefined, high: FractionBound | undefined): string | undefined {
  const length = Math.max(low?.digits.length ?? 0, high?.digits.length ?? 0)
  const lowAt = (at: number) => Number(low?.digits[at] ?? 0)
  const highAt = (at: number) => Number(high?.digits[at] ?? 0)
  const isZeroFrom = (bound: FractionBound | undefined, at: number) => /^0*$/.test(bound?.digits.slice(at) ?? '')

  /** Whether the number may end before digit `at`; the flags say it equals a bound so far. */
  function mayEnd(at: number, isLow: boolean, isHigh: boolean): boolean {
    const isTooLow = isLow && (!isZeroFrom(low, at) || low?.isExclusive === true)
    const isTooHigh = isHigh && isZeroFrom(high, at) && high?.isExclusive === true
    return !isTooLow && !isTooHigh
  }

  /** What may follow, the end not counted. Undefined when nothing may. */
  function digits(at: number, isLow: boolean, isHigh: boolean): string | undefined {
    if (!isLow && !isHigh) return `[0-9]{1,${MAX_DIGITS}}`
    if (at >= length) return tail(isLow, isHigh)
    const options: string[] = []
    const [from, to] = [isLow ? lowAt(at) : 0, isHigh ? highAt(at) : 9]
    const inner = [isLow ? from + 1 : from, isHigh ? to - 1 : to] as const
    const edges = new Set([...(isLow ? [from] : []), ...(isHigh ? [to] : [])])
    if (inner[0] <= inner[1]) options.push(`${digitClass(...inner)} ${FREE}`)
    for (const digit of edges) {
      if (digit < from || digit > to) continue
      const [nextLow, nextHigh] = [isLow && digit === from, isHigh && digit === to]
      const rest = digits(at + 1, nextLow, nextHigh)
      const ends = mayEnd(at + 1, nextLow, nextHigh)
      if (rest !== undefined) options.push(`"${digit}" ${ends ? `(${rest})?` : rest}`)
      else if (ends) options.push(`"${digit}"`)
    }
    return options.length === 0 ? undefined : oneOf(options)
  }

  /** Behind the last digit of both bounds: only zeros keep equal to a bound. */
  function tail(isLow: boolean, isHigh: boolean): string | undefined {
    const zeros = `"0"{1,${MAX_DIGITS}}`
    if (isHigh) return high?.isExclusive || (isLow && low?.isExclusive) ? undefined : zeros
    return low?.isExclusive ? `"0"{0,${MAX_DIGITS}} [1-9] ${FREE}` : `[0-9]{1,${MAX_DIGITS}}`
  }

  const behindPoint = digits(0, low !== undefined, high !== undefined)
  const mayBeWhole = mayEnd(0, low !== undefined, high !== undefined)
  if (behindPoint === undefined) return mayBeWhole ? '' : undefined
  return mayBeWhole ? `("." ${behindPoint})?` : `"." ${behindPoint}`
}
