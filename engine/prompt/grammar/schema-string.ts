import { literal, repeat, sequence } from './gbnf.ts'
import { PatternError } from './pattern.ts'
import { patternRule } from './pattern-rule.ts'
import { badSchema, count, type Schema, type SchemaContext } from './schema-types.ts'

const DATE =
  '\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))'
const TIME = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)'
const BYTE = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?'
const SPAN = '(\\d{1,4}H(\\d{1,4}M(\\d{1,4}S)?)?|\\d{1,4}M(\\d{1,4}S)?|\\d{1,4}S)'
const DAYS = '(\\d{1,4}D|\\d{1,4}M(\\d{1,4}D)?|\\d{1,4}Y(\\d{1,4}M(\\d{1,4}D)?)?)'

/** Texts of each format. Some leave out odd but valid ones: what the model writes is always valid. */
const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  duration: `P(\\d{1,4}W|${DAYS}(T${SPAN})?|T${SPAN})`,
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  email: `[A-Za-z0-9_+-]{1,64}(\\.[A-Za-z0-9_+-]{1,64}){0,4}@(${LABEL}\\.){1,5}[A-Za-z]{2,16}`,
  hostname: `${LABEL}(\\.${LABEL}){0,8}`,
  ipv4: `${BYTE}(\\.${BYTE}){3}`,
  uri: "[a-zA-Z][a-zA-Z0-9+.-]{0,20}:([A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}){1,1400}",
}

/** The pattern zod writes beside `format: "email"`: it looks ahead, and every email of ours matches it. */
const IMPLIED = new Map([
  [
    'email',
    "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
  ],
])

/** The rule for `type: "string"`. */
export function stringRule(schema: Schema, path: string, context: SchemaContext): string {
  const { grammar, json } = context
  const min = count(schema, 'minLength', path) ?? 0
  const max = count(schema, 'maxLength', path)
  if (max !== undefined && min > max) throw badSchema(path, 'minLength', 'is more than maxLength')
  const pattern = patternOf(schema, path)
  if (pattern !== undefined) {
    try {
      return patternRule(grammar, json, pattern.source, { min, max })
    } catch (error) {
      if (error instanceof PatternError) throw badSchema(path, pattern.keyword, error.message)
      throw error
    }
  }
  if (min === 0 && max === undefined) return json('string')
  return grammar.rule('string', sequence(literal('"'), repeat(grammar, json('char'), min, max), literal('"')))
}

/** A pattern says more than a format beside it, which JSON Schema takes for a comment. */
function patternOf(schema: Schema, path: string): { keyword: string; source: string } | undefined {
  const { pattern, format } = schema
  if (format !== undefined && typeof format !== 'string') throw badSchema(path, 'format', 'must be a string')
  if (pattern !== undefined && typeof pattern !== 'string')
    throw badSchema(path, 'pattern', 'must be a string')
  if (pattern !== undefined && IMPLIED.get(format ?? '') !== pattern)
    return { keyword: 'pattern', source: pattern }
  if (format === undefined) return undefined
  if (!Object.hasOwn(FORMATS, format)) throw badSchema(path, 'format', `"${format}" is not supported`)
  return { keyword: 'format', source: `^(${FORMATS[format]})$` }
}
