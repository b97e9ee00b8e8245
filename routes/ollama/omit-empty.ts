/**
 * Leaves out what Go's `omitempty` leaves out: "", 0, false, null, undefined, [] and {}. Key order stays.
 * Not for keys that must always be there: add those after it.
 */
export function omitEmpty<T extends Record<string, unknown>>(object: T): Partial<T> {
  const kept = Object.entries(object).filter(([, value]) => !isEmpty(value))
  return Object.fromEntries(kept) as Partial<T>
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) {
    return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0
  }
  return value === undefined || value === null || value === '' || value === 0 || value === false
}
