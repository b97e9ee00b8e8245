/**
 * Checks of plain data that came over a channel as JSON. Written by hand and not with zod, because one message
 * arrives with every decode step, and because the child is to start fast.
 */
export type Check = (value: unknown) => boolean

/** A check for every key of `T`, so that a new field of a message does not compile until it is checked too. */
export type Fields<T> = { [K in keyof T]-?: Check }

// Not Number.isFinite: JSON has no other numbers.
export const isNumber: Check = (value) => typeof value === 'number'
export const isText: Check = (value) => typeof value === 'string'
export const isFlag: Check = (value) => typeof value === 'boolean'
/** An id or a token: a whole number that is not negative. */
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
/** A count or a setting that may be negative. */
export const isWhole: Check = (value) => Number.isSafeInteger(value)

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => check(item))

export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)

export const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value))

/** An object whose named fields pass; others are not looked at, and nobody reads them. */
export function object<T>(fields: Fields<T>): Check {
  const entries = Object.entries<Check>(fields)
  return (value) => {
    if (typeof value !== 'object' || value === null) return false
    for (const [key, check] of entries) {
      if (!check((value as Record<string, unknown>)[key])) return false
    }
    return true
  }
}

/** An object whose own `type` names one of `cases`, and which passes that one's check. */
export function tagged<T extends { type: string }>(cases: Record<T['type'], Check>) {
  const checks = new Map<unknown, Check>(Object.entries<Check>(cases))
  return (value: unknown): value is T =>
    typeof value === 'object' &&
    value !== null &&
    (checks.get((value as { type?: unknown }).type)?.(value) ?? false)
}

/** What a case of a union has beside its `type`. */
export type Body<T extends { type: string }, K extends T['type']> = Omit<Extract<T, { type: K }>, 'type'>
