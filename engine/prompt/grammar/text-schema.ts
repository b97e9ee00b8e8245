import { badSchema, type Schema } from './schema-types.ts'

/** The strings a schema lists; undefined when it lists none. */
export function listedTexts({ enum: listed, const: constant }: Schema): string[] | undefined {
  const values = Array.isArray(listed) ? listed : constant === undefined ? undefined : [constant]
  return values?.filter((value) => typeof value === 'string')
}

const FOLLOWED = ['pattern', 'format', 'minLength', 'maxLength']
/** What may say more of a string than these do. */
const COMBINING = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not']

/** What a schema says of strings. Throws EngineError `bad_format` when that is not all in plain sight. */
export function resolvedText(schema: Schema): Schema {
  const combining = COMBINING.find((word) => schema[word] !== undefined)
  if (combining !== undefined)
    throw badSchema('#', combining, 'is not supported for strings that are not JSON')
  return Object.fromEntries(
    FOLLOWED.flatMap((word) => (schema[word] === undefined ? [] : [[word, schema[word]]])),
  )
}
