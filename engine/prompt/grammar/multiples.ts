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
  const most = high === undefined || high > exact ? exact : high
  const [lowDigits, highDigits] = [low, most].map((bound) => String(bound).padStart(decimals + 1, '0')) as [
    string,
    string,
  ]

  function next(state: State, digit: number): State | undefined {
    const { count, behind } = state
    // Nothing but the point follows a zero at the front.
    if (behind === undefined && count > 0 && state.remainder === -1) return undefined
    if (behind === decimals || count >= highDigits.length) return undefined
    const isFront = count === 0 && digit === 0
    return {
      count: count + 1,
      behind: behind === undefined ? undefined : behind + 1,
      remainder: isFront ? -1 : ((state.remainder < 0 ? 0 : state.remainder) * 10 + digit) % step,
      low: state.low === 0 ? compare(digit, lowDigits[count]) : state.low,
      high: state.high === 0 ? compare(digit, highDigits[count]) : state.high,
    }
  }

  function point(state: State): State | undefined {
    return decimals > 0 && state.behind === undefined && state.count > 0 ? { ...state, behind: 0 } : undefined
  }

  function mayEnd({ count, behind, remainder, low: lower, high: upper }: State): boolean {
    const isWhole = decimals === 0 ? count > 0 : behind === decimals
    const isAbove = count > lowDigits.length || (count === lowDigits.length && lower >= 0)
    const isBelow = count < highDigits.length || (count === highDigits.length && upper <= 0)
    return isWhole && isAbove && isBelow && (remainder === 0 || remainder === -1)
  }

  const states: { state: State; steps: Map<number, Ranges> }[] = []
  const known = new Map<string, number>()
  function indexOf(state: State): number {
    const key = Object.values(state).join()
    const at = known.get(key) ?? states.push({ state, steps: new Map() }) - 1
    known.set(key, at)
    return at
  }

  // A bound that all numbers keep to need not be compared with.
  const isLowFree = low <= 0n
  const isHighFree = /^9+$/.test(highDigits)
  indexOf({ count: 0, behind: undefined, remainder: 0, low: isLowFree ? 1 : 0, high: isHighFree ? -1 : 0 })
  for (const { state, steps } of states) {
    if (states.length > MAX_STATES) return 'too large'
    for (const char of '0123456789.') {
      const target = char === '.' ? point(state) : next(state, Number(char))
      if (target === undefined) continue
      const to = indexOf(target)
      const code = char.charCodeAt(0)
      steps.set(to, [...(steps.get(to) ?? []), [code, code]])
    }
  }
  const living = livingStates(states.map(({ state, steps }) => ({ steps, mayEnd: mayEnd(state) })))
  return living && joined(living)
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
