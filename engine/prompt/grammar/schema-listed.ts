import { KIND_KEYWORDS } from './schema-kinds.ts'
import { NOT_PATTERNS } from './schema-merge.ts'
import { matchesText } from './schema-string.ts'
import { badSchema, isSchema, type Schema } from './schema-types.ts'

/**
 * Whether a listed value satisfies the keywords beside the list. Throws EngineError `bad_format` for a list or object
 * beside keywords about such.
 */
export function allows(schema: Schema, value: unknown, path: string): boolean {
  if (typeof value === 'string') return matchesText(withoutFormat(schema), value, path)
  if (typeof value === 'number') return isInBounds(schema, value)
  const kind = Array.isArray(value) ? 'array' : isSchema(value) ? 'object' : undefined
  const words = KIND_KEYWORDS.find(([name]) => name === kind)?.[1] ?? []
  const beside = words.find((word) => schema[word] !== undefined)
  if (beside !== undefined)
    throw badSchema(path, beside, 'is not supported beside listed values of that type')
  return true
}

/** The format a list stands beside is not checked: the list says what is meant. */
function withoutFormat(schema: Schema): Schema {
  const words = ['pattern', 'minLength', 'maxLength', NOT_PATTERNS]
  return Object.fromEntries(Object.entries(schema).filter(([word]) => words.includes(word)))
}

function isInBounds(schema: Schema, value: number): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const isAbove = (bound: unknown) => typeof bound !== 'number' || value > bound
  const isBelow = (bound: unknown) => typeof bound !== 'number' || value < bound
  const steps = typeof multipleOf === 'number' ? value / multipleOf : 0
  return (
    (isAbove(minimum) || (value === minimum && exclusiveMinimum !== true)) &&
    (isBelow(maximum) || (value === maximum && exclusiveMaximum !== true)) &&
    isAbove(exclusiveMinimum) &&
    isBelow(exclusiveMaximum) &&
    Math.abs(steps - Math.round(steps)) < 1e-9
  )
}
