/** eq, ne, lt, le, gt and ge of text/template (funcs.go): kinds are compared, not types, and never int with float. */

import type { Budget } from './budget.ts'
import { GoTemplateError } from './error.ts'
import { sprintf } from './printf.ts'
import { compareText, type Kinded, kinded, typeName } from './value.ts'

const BASIC: ReadonlySet<Kinded['kind']> = new Set(['bool', 'int', 'uint', 'float', 'string'])
/** Whole numbers compare whatever their signs. */
const group = ({ kind }: Kinded) => (!BASIC.has(kind) ? 'none' : kind === 'uint' ? 'int' : kind)

/** Whether a value equals one of the others; what follows it is not looked at. */
export function isEqualToAny(value: unknown, others: readonly unknown[], budget: Budget): boolean {
  if (others.length === 0) throw new GoTemplateError('missing argument for comparison')
  return others.some((other) => isEqual(value, other, budget))
}

function isEqual(value: unknown, other: unknown, budget: Budget): boolean {
  const a = kinded(value)
  const b = kinded(other)
  if (group(a) !== group(b)) {
    if (isNothing(a) || isNothing(b)) return false
    throw incompatible(value, other)
  }
  if ('value' in a && 'value' in b) return a.value === b.value
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b)
  const shown = (each: unknown) => sprintf('%s', [each], budget)
  const types =
    a.kind === b.kind
      ? `type ${shown(other)}: ${typeName(other)}`
      : `types ${shown(value)}: ${typeName(value)}, ${typeName(other)}: ${sprintf('%v', [other], budget)}`
  throw new GoTemplateError(`non-comparable ${types}`)
}

const isNothing = ({ kind }: Kinded) => kind === 'invalid' || kind === 'nil'
const isNil = (known: Kinded) =>
  isNothing(known) || (known.kind === 'list' && known.own !== undefined && known.items.length === 0)

const incompatible = (value: unknown, other: unknown) =>
  new GoTemplateError(`incompatible types for comparison: ${typeName(value)} and ${typeName(other)}`)

/** Whether the first of two numbers or texts is the smaller. */
export function isLess(value: unknown, other: unknown): boolean {
  const a = kinded(value)
  const b = kinded(other)
  if (group(a) === 'none' || group(b) === 'none') throw new GoTemplateError('invalid type for comparison')
  if (group(a) !== group(b)) throw incompatible(value, other)
  if (a.kind === 'bool') throw new GoTemplateError('invalid type for comparison')
  if (a.kind === 'string' && b.kind === 'string') return compareText(a.value, b.value) < 0
  return 'value' in a && 'value' in b && a.value < b.value
}
