import type { ValueKind } from '../tool-format/types.ts'
import type { Argument } from './argument-members.ts'
import { isSchema } from './schema-types.ts'

/** Python's words for the values of these kinds, where the schema allows all of a kind. */
export function pythonWords({ schema }: Argument, kinds: readonly ValueKind[]): string[] {
  if (isSchema(schema) && LIMITING.some((word) => schema[word] !== undefined)) return []
  return kinds.flatMap((kind) =>
    kind === 'boolean' ? ['"True"', '"False"'] : kind === 'null' ? ['"None"'] : [],
  )
}

const LIMITING = ['enum', 'const', '$ref', 'allOf', 'anyOf', 'oneOf', 'not']
