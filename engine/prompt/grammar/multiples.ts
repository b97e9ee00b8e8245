import { type Automaton, livingStates, type Ranges } from './string-automaton.ts'

/** States looked at before equal ones are joined. */
const MAX_STATES = 40_000
/** Decimal digits that a double tells apart, whatever the number is. */
const MAX_DIGITS = 15

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
  const most = high === undefined || high >= 10n ** BigInt(MAX_DIGITS) ? 10n ** BigInt(MAX_DIGITS) - 1n : high
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

  indexOf({ count: 0, behind: undefined, remainder: 0, low: 0, high: 0 })
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

/** The smallest automaton for the same texts (Moore's algorithm). */
function joined(automaton: Automaton): Automaton {
  let classes = automaton.map(({ mayEnd }) => Number(mayEnd))
  for (let count = 0; ; ) {
    const names = new Map<string, number>()
    classes = automaton.map(({ steps, mayEnd }) => {
      const ways = steps.flatMap(({ set, to }) => set.map(([low, high]) => `${low}-${high}>${classes[to]}`))
      const key = `${mayEnd}${ways.sort().join()}`
      const name = names.get(key) ?? names.size
      names.set(key, name)
      return name
    })
    if (names.size === count) break
    count = names.size
  }
  // The first state comes first, so its class is 0 and every class is met in order.
  const first = classes.map((name, at) => (classes.indexOf(name) === at ? at : -1)).filter((at) => at >= 0)
  return first.map((at) => {
    const { steps, mayEnd } = automaton[at] as Automaton[number]
    return { steps: steps.map(({ set, to }) => ({ set, to: classes[to] ?? 0 })), mayEnd }
  })
}
