import { type GrammarBuilder, sequence } from './gbnf.ts'

/** Something that may stand in a list, at most once. */
export interface Candidate {
  rule: string
  isRequired: boolean
}

/**
 * Some of the candidates in their order, `min` to `max` of them, a comma between two. `further` stands for more
 * members, of any number: of those only one counts as different from the others. Undefined when no choice will do.
 */
export function orderedChoice(
  grammar: GrammarBuilder,
  candidates: readonly Candidate[],
  comma: string,
  { min, max }: { min: number; max: number },
  further: ((isFirst: boolean, min: number, max: number) => string) | undefined,
): string | undefined {
  const known = new Map<string, string | undefined>()

  /** What may follow before candidate `at`, when `chosen` stand before it. */
  function from(at: number, chosen: number): string | undefined {
    const key = `${at}/${Math.min(chosen, max + 1)}`
    if (known.has(key)) return known.get(key)
    const made = chosen > max ? undefined : write(at, chosen)
    const rule = made === undefined || made === '' ? made : grammar.rule('choice', made)
    known.set(key, rule)
    return rule
  }

  function write(at: number, chosen: number): string | undefined {
    const candidate = candidates[at]
    if (candidate === undefined) return end(chosen)
    const withThis = from(at + 1, chosen + 1)
    const without = candidate.isRequired ? undefined : from(at + 1, chosen)
    const head = sequence(chosen === 0 ? '' : comma, candidate.rule)
    const options = [
      ...(withThis === undefined ? [] : [sequence(head, withThis)]),
      ...(without === undefined ? [] : [without === '' ? '""' : without]),
    ]
    return options.length === 0 ? undefined : options.join(' | ')
  }

  function end(chosen: number): string | undefined {
    const missing = min - chosen
    if (further === undefined) return missing > 0 ? undefined : ''
    if (missing > 1) return undefined
    return further(chosen === 0, Math.max(missing, 0), max - chosen)
  }

  return from(0, 0)
}
