import type { Budget } from './budget.ts'
import { GoTemplateLimit } from './error.ts'
import { generalForm } from './format-float.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { itemAt, type Kinded, kinded, sortedKeys } from './value.ts'
import { writeJson } from './write-json.ts'

/** How each value that holds no others is written. */
export type WriteScalar = (value: Exclude<Kinded, { kind: 'list' | 'map' | 'struct' }>) => string
/** How a value whose type has its own text is written. */
export type WriteText = (text: string) => string

/** A value as Go's fmt prints it with `%v`: `[a b]`, `map[a:1 b:2]`, `{a b}`, `<nil>`. */
export const formatValue = (value: unknown, budget: Budget): string =>
  formatWith(value, budget, plainScalar, (text) => text)

/** As formatValue, with another form for what is inside lists, maps and structs. */
export function formatWith(
  value: unknown,
  budget: Budget,
  scalar: WriteScalar,
  ownText: WriteText,
  depth = 0,
): string {
  if (depth > MAX_VALUE_DEPTH) throw new GoTemplateLimit('template: a value is nested too deeply')
  budget.spend(1)
  const known = kinded(value)
  const inner = (item: unknown) => formatWith(item, budget, scalar, ownText, depth + 1)
  switch (known.kind) {
    case 'list': {
      const { items, own } = known
      if (own?.text === 'json') return ownText(writeJson(own, budget))
      if (own?.text !== undefined) return ownText(own.text(own.items))
      return `[${Array.from({ length: items.length }, (_, index) => inner(itemAt(items, index))).join(' ')}]`
    }
    case 'map': {
      const { entries, own } = known
      if (own !== undefined) return ownText(writeJson(own, budget))
      return `map[${sortedKeys(entries)
        .map((key) => `${inner(key)}:${inner(entries[key])}`)
        .join(' ')}]`
    }
    case 'struct':
      if (known.own.isJsonText) return ownText(writeJson(known.own, budget))
      return `{${Object.values(known.own.fields).map(inner).join(' ')}}`
    default:
      return budget.text(scalar(known))
  }
}

export const plainScalar: WriteScalar = (known) => {
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      return '<nil>'
    case 'float':
      return generalForm(known.value)
    default:
      return String(known.value)
  }
}

/** fmt.Sprint: a space between two values neither of which is a string. */
export function sprint(values: readonly unknown[], budget: Budget): string {
  let text = ''
  for (const [index, value] of values.entries()) {
    const isSpaced = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string'
    text += (isSpaced ? ' ' : '') + formatValue(value, budget)
  }
  return budget.text(text)
}

/** fmt.Sprintln: a space between all values, and the end of a line. */
export const sprintln = (values: readonly unknown[], budget: Budget): string =>
  budget.text(`${values.map((value) => formatValue(value, budget)).join(' ')}\n`)
