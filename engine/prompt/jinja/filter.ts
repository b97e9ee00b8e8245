import type { Value } from './value.ts'

/** What stands in the parentheses of a filter. */
export interface FilterArguments {
  args: Value[]
  keywords: Map<string, Value>
}

export type Filter = (value: Value, given: FilterArguments) => Value

/** The argument at a place or of a name. */
export function argument(given: FilterArguments, place: number, name: string): Value {
  return given.args[place] ?? given.keywords.get(name)
}
