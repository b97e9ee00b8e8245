import { charSet } from './char-set.ts'
import { type Automaton, livingStates, type Ranges } from './string-automaton.ts'

/** States looked at before equal ones are joined. */
const MAX_STATES = 40_000
/** Decimal digits that a double tells apart, whatever the number is. */
const MAX_DIGITS = 15
/** With decimals fewer: checkers divide by the step, and the error of that grows with the number. */
const MAX_DECIMAL_DIGITS = 9

/** How the digits so far compare with as many of a bound's. */
type Compared = -1 | 0 | 1

interface State {
  /** Digits so far; those behind the point are counted by `behind`. */
  count: number
  behind: number | undefined
  /** Of the digits so far; -1 when all there is is a zero, behind which only the point may stand. */
  remainder: number
  low: Compared
  high: Compared
}

/**
 * The multiples of `step` from `low` to `high` (none: no bound but that of exact doubles), all in units of the last of
 * `decimals` digits behind the point, as texts without sign. Undefined when there are none.
 */
export function multiples(
  step: number,
  low: bigint,
  high: bigint | undefined,
  decimals: number,
): Automaton | undefined | 'too large' {
  const exact = 10n ** BigInt(decimals === 0 ? MAX_DIGITS : Math.max(MAX_DECIMAL_DIGITS, decimals + 1)) - 1n
  const digitsOf = (bound: bigint) => String(bound).padStart(decimals + 1, '0')
  const range: Range = {
    step,
    decimals,
    low: digitsOf(low),
    high: digitsOf(high === undefined || high > exact ? exact : high),
  }
  // A bound that all numbers keep to need not be compared with.
  const isHighFree = /^9+$/.test(range.high)
  const states = reached(
    { count: 0, behind: undefined, remainder: 0, low: low <= 0n ? 1 : 0, high: isHighFree ? -1 : 0 },
    range,
  )
  if (states === undefined) return 'too large'
  const living = livingStates(states.map(({ state, steps }) => ({ steps, mayEnd: mayEnd(state, range) })))
  return living && joined(living)
}

/** All states there are, the first one first. Undefined when they are too many. */
function reached(first: State, range: Range): { state: State; steps: Map<number, Ranges> }[] | undefined {
  const states = [{ state: first, steps: new Map<number, Ranges>() }]
  const known = new Map([[Object.values(first).join(), 0]])
  function indexOf(state: State): number {
    const key = Object.values(state).join()
    const at = known.get(key) ?? states.push({ state, steps: new Map() }) - 1
    known.set(key, at)
    return at
  }
  for (const { state, steps } of states) {
    if (states.length > MAX_STATES) return undefined
    for (const char of '0123456789.') {
      const target = char === '.' ? behindPoint(state, range) : behindDigit(state, Number(char), range)
      if (target === undefined) continue
      const to = indexOf(target)
      const code = char.charCodeAt(0)
      steps.set(to, [...(steps.get(to) ?? []), [code, code]])
    }
  }
  return states
}

/** Bounds as digits, with at least one before the point. */
interface Range {
  step: number
  decimals: number
  low: string
  high: string
}

function behindDigit(state: State, digit: number, { step, decimals, low, high }: Range): State | undefined {
  const { count, behind, remainder } = state
  // Nothing but the point follows a zero at the front.
  const isOver = behind === undefined ? remainder === -1 : behind === decimals
  if (isOver || count >= high.length) return undefined
  const isFront = count === 0 && digit === 0
  return {
    count: count + 1,
    behind: behind === undefined ? undefined : behind + 1,
    remainder: isFront ? -1 : (Math.max(remainder, 0) * 10 + digit) % step,
    low: state.low === 0 ? compare(digit, low[count]) : state.low,
    high: state.high === 0 ? compare(digit, high[count]) : state.high,
  }
}

function behindPoint(state: State, { decimals }: Range): State | undefined {
  return decimals > 0 && state.behind === undefined && state.count > 0 ? { ...state, behind: 0 } : undefined
}

function mayEnd(state: State, { decimals, low, high }: Range): boolean {
  const { count, behind, remainder } = state
  const isWhole = decimals === 0 ? count > 0 : behind === decimals
  const isAbove = count > low.length || (count === low.length && state.low >= 0)
  const isBelow = count < high.length || (count === high.length && state.high <= 0)
  return isWhole && isAbove && isBelow && remainder <= 0
}

function compare(digit: number, bound: string | undefined): Compared {
  return Math.sign(digit - Number(bound)) as Compared
}

/** The smallest automaton for the same texts. Every step leads to a later state, so one pass from the end will do. */
function joined(automaton: Automaton): Automaton {
  const known = new Map<string, number>()
  const kept: Automaton[number][] = []
  const names: number[] = []
  for (let at = automaton.length - 1; at >= 0; at--) {
    const { steps, mayEnd } = automaton[at] as Automaton[number]
    const ways = new Map<number, Ranges>()
    for (const { set, to } of steps) {
      const name = names[to] ?? 0
      ways.set(name, [...(ways.get(name) ?? []), ...set])
    }
    const key = `${mayEnd}${[...ways]
      .map(([to, set]) => `${to}>${set.join()}`)
      .sort()
      .join(';')}`
    const name =
      known.get(key) ??
      kept.push({ steps: [...ways].map(([to, set]) => ({ set: charSet(set), to })), mayEnd }) - 1
    known.set(key, name)
    names[at] = name
  }
  // The first state was the last to be named; it goes to the front again.
  const last = kept.length - 1
  return kept.toReversed().map(({ steps, mayEnd }) => ({
    steps: steps.map(({ set, to }) => ({ set, to: last - to })),
    mayEnd,
  }))
}
