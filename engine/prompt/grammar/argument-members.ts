import { VALUE_KINDS, type ValueKind } from '../tool-format/types.ts'
import { schemaKinds } from '../typed-value.ts'
import { type GrammarBuilder, sequence } from './gbnf.ts'
import { isAnnotation } from './schema-merge.ts'
import { membersRule } from './schema-object.ts'
import { badSchema, child, isSchema, type Schema } from './schema-types.ts'

/** One argument a call may have. */
export interface Argument {
  key: string
  /** With the definitions of the whole in it. */
  schema: unknown
  kinds: readonly ValueKind[]
  path: string
}

/** How arguments that are not JSON are written: the rule for one, and what stands between two. */
export interface ArgumentStyle {
  member(argument: Argument): string
  /** Any one argument, of a tool that does not say which. */
  free: string
  between: string
}

/** Keywords of an object of arguments that are kept to when arguments are written one by one. */
const FOLLOWED = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'unevaluatedProperties',
  'strict',
])
const DEFINITIONS = ['$defs', 'definitions'] as const

/**
 * The arguments of a tool one after another, in the order of its schema, those required all there. Throws EngineError
 * `bad_format` for what cannot be kept to so.
 */
export function argumentMembers(grammar: GrammarBuilder, parameters: Schema, style: ArgumentStyle): string {
  const odd = Object.keys(parameters).find(
    (keyword) =>
      !FOLLOWED.has(keyword) && !isAnnotation(keyword) && !DEFINITIONS.some((each) => each === keyword),
  )
  if (odd !== undefined) throw badSchema('#', odd, 'is not supported for arguments that are not JSON')
  const properties = parameters.properties ?? {}
  const required = parameters.required ?? []
  if (!isSchema(properties)) throw badSchema('#', 'properties', 'must be an object')
  if (!Array.isArray(required)) throw badSchema('#', 'required', 'must be a list of strings')
  const missing = required.find((key) => typeof key !== 'string' || !Object.hasOwn(properties, key))
  if (missing !== undefined)
    throw badSchema('#', 'required', `names "${missing}", which is not among the properties`)
  const keys = Object.keys(properties)
  if (keys.length === 0) {
    const isClosed = parameters.additionalProperties === false
    return isClosed ? '' : `(${sequence(style.free, `(${sequence(style.between, style.free)})*`)})?`
  }
  const definitions = Object.fromEntries(
    DEFINITIONS.flatMap((name) => (parameters[name] === undefined ? [] : [[name, parameters[name]]])),
  )
  const listed = keys
    .filter((key) => properties[key] !== false)
    .map((key) => {
      const schema = properties[key]
      const argument = {
        key,
        schema: isSchema(schema) ? { ...schema, ...definitions } : schema,
        kinds: schemaKinds(schema, parameters),
        path: child('#', 'properties', key),
      }
      return {
        rule: grammar.rule(`${key}-argument`, style.member(argument)),
        isRequired: required.includes(key),
      }
    })
  return membersRule(listed, undefined, style.between, grammar)
}

/** The same schema for some kinds of values only. */
export function narrowed(schema: unknown, kinds: readonly ValueKind[]): unknown {
  if (!isSchema(schema) || kinds.length === VALUE_KINDS.length) return schema
  const { type } = schema
  const types = (Array.isArray(type) ? type : [type]).filter((name) =>
    kinds.includes(name === 'integer' ? 'number' : name),
  )
  if (types.length > 0) return { ...schema, type: types.length === 1 ? types[0] : types }
  const { $defs, definitions, ...rest } = schema
  return {
    allOf: [rest, { type: kinds }],
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  }
}
